using Registry.Core.Storage;

namespace Registry.Core.Tests.Storage.Contracts;

/// <summary>An engine that keeps metadata, as the contract suites open it: empty at first, gone when it is disposed.</summary>
public interface IMetadataEngine : IAsyncDisposable
{
    IMetadataStore Metadata { get; }

    ICollectorMetadata Collector { get; }

    IVerifierMetadata Verifier { get; }

    ITreeJournal Journal { get; }

    IIndexTarget IndexTarget { get; }

    RunningClock Clock { get; }

    /// <summary>Closes the engine and opens it on the same storage, as a restart of the server does.</summary>
    /// <param name="cleanly">False for a server that was killed.</param>
    Task ReopenAsync(bool cleanly = true);

    /// <summary>The wall clock, as Unix time in seconds.</summary>
    long UnixTime { get; }

    /// <summary>Lets time pass.</summary>
    void Advance(TimeSpan time);
}
