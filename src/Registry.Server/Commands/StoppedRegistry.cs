using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Changes;
using Registry.Core.Storage;
using Registry.Images;
using Registry.Server.Configuration;
using Registry.Server.Maintenance;
using Registry.Storage;

namespace Registry.Server.Commands;

/// <summary>Storage of a stopped registry, for commands that write to it with the same operations as pushes.</summary>
internal sealed class StoppedRegistry : IAsyncDisposable
{
    /// <summary>Fault of a folder whose database does not cover the whole tree.</summary>
    public static StorageException NotIndexed => new("is not indexed; run 'registry reindex', or start the registry");

    private StoppedRegistry(RegistryStorage storage, RegistryCore core, ChangeOrigin origin, TimeProvider time)
    {
        Target = new MaintenanceTarget(storage, core, origin, time, IsServing: false);
        Writer = Target.CreateWriter();
    }

    /// <summary>Stores of the registry.</summary>
    public RegistryStorage Storage => Target.Storage;

    /// <summary>The registry for maintenance.</summary>
    public MaintenanceTarget Target { get; }

    /// <summary>Imports images.</summary>
    public ImageWriter Writer { get; }

    /// <summary>Origin of the changes that a command makes.</summary>
    /// <param name="command">The command, without the name of the program.</param>
    public static ChangeOrigin OriginOf(string command) => ChangeOrigin.Command(command, Environment.UserName);

    /// <summary>Opens the storage.</summary>
    /// <param name="command">The command, without the name of the program.</param>
    /// <param name="options">Settings of the registry.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">The log.</param>
    /// <param name="createsFolder">True to create a registry when the data folder holds none.</param>
    /// <exception cref="StorageException">The folder cannot be used, or a registry runs on it. The message is for the operator.</exception>
    public static async Task<StoppedRegistry> OpenAsync(
        string command, RegistryOptions options, TimeProvider time, ILoggerFactory loggers, bool createsFolder = false)
    {
        var storage = createsFolder
            ? await RegistryStorage.OpenAsync(options.Storage, PolicyFile.ReadChangeRules(options), time, loggers, options.StorageLimits)
            : await RegistryStorage.OpenExistingAsync(options.Storage, PolicyFile.ReadChangeRules(options), time, loggers, options.StorageLimits);
        try
        {
            if (storage.Files is { } files)
            {
                if (!files.Indexer.IsComplete && !files.Tree.IsEmpty)
                {
                    throw NotIndexed;
                }

                // A new folder has nothing to index.
                await files.Indexer.RunAsync(CancellationToken.None);
            }

            return new StoppedRegistry(storage, new RegistryCore(storage.Ports, options.CoreSettings, time, loggers), OriginOf(command), time);
        }
        catch
        {
            await storage.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Storage.DisposeAsync();
}
