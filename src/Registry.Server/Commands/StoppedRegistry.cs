using Microsoft.Extensions.Logging;
using Registry.Core.Layouts;
using Registry.Core.Maintenance;
using Registry.Core.Operations;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Commands;

/// <summary>Storage of a stopped registry, for commands that write to it with the same operations as pushes.</summary>
internal sealed class StoppedRegistry : IAsyncDisposable
{
    /// <summary>Fault of a folder whose database does not cover the whole tree.</summary>
    public static StorageException NotIndexed => new("is not indexed; run 'registry reindex', or start the registry");

    private StoppedRegistry(RegistryStorage storage, ImageWriter writer)
    {
        Storage = storage;
        Writer = writer;
    }

    /// <summary>Stores of the registry.</summary>
    public RegistryStorage Storage { get; }

    /// <summary>Imports images.</summary>
    public ImageWriter Writer { get; }

    /// <summary>Opens the storage.</summary>
    /// <param name="options">Settings of the registry.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">The log.</param>
    /// <param name="createsFolder">True to create a registry when the data folder holds none.</param>
    /// <exception cref="StorageException">The folder cannot be used, or a registry runs on it. The message is for the operator.</exception>
    public static async Task<StoppedRegistry> OpenAsync(RegistryOptions options, TimeProvider time, ILoggerFactory loggers, bool createsFolder = false)
    {
        var path = Path.GetFullPath(options.StoragePath);
        var storage = createsFolder
            ? RegistryStorage.Open(path, time, loggers, options.StorageLimits)
            : RegistryStorage.OpenExisting(path, time, loggers, options.StorageLimits);
        try
        {
            var indexer = new TreeIndexer(storage.Tree, storage.IndexTarget, storage.Threads, loggers.CreateLogger<TreeIndexer>());
            if (!indexer.IsComplete && !storage.Tree.IsEmpty)
            {
                throw NotIndexed;
            }

            // A new folder has nothing to index.
            await indexer.RunAsync(CancellationToken.None);
            var uploads = new UploadOperations(storage.Uploads, storage.Blobs, storage.Metadata, storage.Locks, indexer, options.StorageLimits, time);
            var manifests = new ManifestOperations(
                storage.Blobs, storage.Staging, storage.Contents, storage.Metadata, new BlobLeases(), storage.Locks, indexer, options.ManifestReferences, options.StorageLimits, loggers.CreateLogger<ManifestOperations>());
            return new StoppedRegistry(storage, new ImageWriter(storage.Metadata, uploads, manifests));
        }
        catch
        {
            await storage.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Storage.DisposeAsync();
}
