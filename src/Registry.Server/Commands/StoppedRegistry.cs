using Microsoft.Extensions.Logging;
using Registry.Core.Layouts;
using Registry.Core.Maintenance;
using Registry.Core.Operations;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Commands;

/// <summary>The storage of a registry that does not run, for commands that write to it by the operations that pushes go through.</summary>
internal sealed class StoppedRegistry : IAsyncDisposable
{
    /// <summary>The fault of a folder whose database does not cover its tree, so that what it leaves out is not known.</summary>
    public static StorageException NotIndexed => new("is not indexed; run 'registry reindex', or start the registry");

    private StoppedRegistry(RegistryStorage storage, ImageWriter writer)
    {
        Storage = storage;
        Writer = writer;
    }

    /// <summary>The stores.</summary>
    public RegistryStorage Storage { get; }

    /// <summary>Brings images in.</summary>
    public ImageWriter Writer { get; }

    /// <summary>Opens the storage.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="time">The time.</param>
    /// <param name="loggers">The log.</param>
    /// <param name="createsFolder">Whether a registry is made where there is none.</param>
    /// <exception cref="StorageException">It cannot be used, or a registry runs on it; the message is for the operator.</exception>
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

            // A new folder: there is nothing to index.
            await indexer.RunAsync(CancellationToken.None);
            var uploads = new UploadOperations(storage.Uploads, storage.Blobs, storage.Metadata, storage.Locks, indexer, options.StorageLimits, time);
            var manifests = new ManifestOperations(
                storage.Blobs, storage.Contents, storage.Metadata, new BlobLeases(), storage.Locks, indexer, options.ManifestReferences, loggers.CreateLogger<ManifestOperations>());
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
