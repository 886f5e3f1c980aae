using Registry.Core.Oci;
using Registry.Storage;

namespace Registry.Core.Tests.Fuzzing.Registries;

/// <summary>The registry that a fuzzer runs on: one process with a data folder, or several with shared stores.</summary>
internal interface IFuzzedRegistry : IAsyncDisposable
{
    /// <summary>Storage of the process that runs the next operation.</summary>
    RegistryStorage Storage { get; }

    /// <summary>Its core.</summary>
    RegistryCore Core { get; }

    /// <summary>True if uploads are idle from the start of a process, false if they are as idle as before.</summary>
    bool StartsIdleTimes { get; }

    /// <summary>The wall clock, which stands during an operation.</summary>
    DateTimeOffset Now { get; }

    /// <summary>Starts the processes.</summary>
    Task StartAsync();

    /// <summary>Chooses the process that runs the next operation.</summary>
    /// <returns>Its name, for the trace; empty if there is only one.</returns>
    string Choose();

    /// <summary>Advances the clock of grace periods.</summary>
    Task AdvanceAsync(int seconds);

    /// <summary>Stops the chosen process, and starts it again.</summary>
    Task RestartAsync();

    /// <summary>Ends the chosen process as a kill does, and starts another one in its place.</summary>
    Task KillAsync();

    /// <summary>Stops all processes, loses the database, and starts with an empty one.</summary>
    /// <returns>Bytes that were stored; null if the registry cannot do without its database, and nothing was done.</returns>
    Task<IReadOnlyList<Digest>?> LoseDatabaseAsync();

    /// <summary>Reads bytes from where they are stored, past all memories; null if they are not there.</summary>
    Task<byte[]?> ReadStoredAsync(Digest digest);

    /// <summary>Lists all bytes that are stored, after everything that is to be deleted is. The last operation: time may pass.</summary>
    Task<IReadOnlyList<Digest>> ListStoredAsync();

    /// <summary>Stops all processes.</summary>
    Task StopAsync();
}
