using Microsoft.Extensions.Logging;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Storage;
using Registry.Storage.Files;

namespace Registry.Images.Backup;

/// <summary>Restores a data folder from a backup: bytes, metadata, key and, from the metadata, the repositories tree.</summary>
/// <remarks>The folder is marked as unfinished until all of it is durable. Another run continues an interrupted restore.</remarks>
public static class RestoreRun
{
    /// <summary>Restores a backup.</summary>
    /// <param name="source">The folder of the backup.</param>
    /// <param name="generation">The name of the generation; null for the last one.</param>
    /// <param name="storage">The data folder: new, empty, or one in which a restore was interrupted.</param>
    /// <param name="time">Clock of the storage that is opened at the end.</param>
    /// <param name="loggers">Log of what the report does not contain.</param>
    /// <param name="progress">Receives the progress from time to time; null for none.</param>
    /// <param name="cancellationToken">Stops the restore; the next run continues.</param>
    /// <exception cref="StorageException">One of the folders cannot be used; the message names it.</exception>
    public static async Task<RestoreReport> RunAsync(
        string source,
        string? generation,
        string storage,
        TimeProvider time,
        ILoggerFactory loggers,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        var backup = new BackupFolder(source);
        return await Named.RunAsync(backup.Root, async () =>
        {
            using var held = backup.TakeToRead();
            var found = backup.Find(generation);
            var files = CopiedFiles.List(backup, found);
            return await Named.RunAsync(Path.GetFullPath(storage), async () =>
            {
                BlobTransfer transfer;
                using (var folder = DataFolder.OpenToRestore(storage))
                {
                    transfer = await FillAsync(backup, found, files, folder, time, loggers, progress, cancellationToken);
                }

                // Follows the changes: the tree is complete once the storage is closed. No rule is asked, since nothing else changes.
                await RegistryStorage.Open(storage, NoRules.Instance, time, loggers).DisposeAsync();
                return new RestoreReport
                {
                    Generation = found.Name,
                    Blobs = transfer.Copied + transfer.Kept,
                    Bytes = transfer.CopiedBytes,
                    Faulty = transfer.Faulty,
                    Faults = transfer.Faults,
                };
            });
        });
    }

    private static async Task<BlobTransfer> FillAsync(
        BackupFolder backup,
        BackupGeneration generation,
        IReadOnlyList<string> files,
        DataFolder folder,
        TimeProvider time,
        ILoggerFactory loggers,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        var paths = folder.Paths;
        DatabaseFiles.Delete(paths.Database);
        generation.CopyMetadata(paths.Database);
        CopiedFiles.Restore(generation, paths, files);

        // The bytes last, and all of them are read, so that all content the registry serves has its digest.
        using var snapshot = RegistryStorage.OpenSnapshot(paths.Database);
        var transfer = new BlobTransfer(backup.Blobs, paths, readsKept: true, progress);
        await transfer.RunAsync(snapshot, new StorageHealth(loggers.CreateLogger<StorageHealth>()), cancellationToken);
        snapshot.RepeatForTree(time.GetUtcNow());
        folder.FinishRestore();
        return transfer;
    }
}
