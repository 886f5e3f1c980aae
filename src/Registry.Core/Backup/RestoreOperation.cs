using Microsoft.Extensions.Logging;
using Registry.Core.Storage;
using Registry.Core.Storage.FileSystem;
using Registry.Core.Storage.Sqlite;

namespace Registry.Core.Backup;

/// <summary>Makes a data folder of a backup: bytes, metadata, key and, from the metadata, the repositories tree.</summary>
/// <remarks>The folder is marked as unfinished until all of it is durable. A restore that was interrupted is run again, and goes on.</remarks>
public static class RestoreOperation
{
    /// <summary>Restores a backup.</summary>
    /// <param name="source">The folder of the backup.</param>
    /// <param name="storage">The data folder: new, empty, or one in which a restore was interrupted.</param>
    /// <param name="time">The clock of the storage that is opened at the end.</param>
    /// <param name="loggers">For what is not in the report.</param>
    /// <param name="progress">Is told now and then; null for nobody.</param>
    /// <param name="cancellationToken">Ends it; the next run goes on.</param>
    /// <exception cref="StorageException">One of the folders cannot be used; the message names it.</exception>
    public static async Task<RestoreReport> RunAsync(
        string source,
        string storage,
        TimeProvider time,
        ILoggerFactory loggers,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        var backup = new BackupFolder(source);
        return await Named.RunAsync(backup.Root, async () =>
        {
            using var held = backup.TakeFinished();
            return await Named.RunAsync(Path.GetFullPath(storage), async () =>
            {
                BlobTransfer transfer;
                using (var folder = DataFolder.OpenToRestore(storage))
                {
                    transfer = await FillAsync(backup, folder, loggers, progress, cancellationToken);
                }

                // Carries out the journal: the tree is complete when it is closed.
                await RegistryStorage.Open(storage, time, loggers).DisposeAsync();
                return new RestoreReport
                {
                    Blobs = transfer.Copied + transfer.Kept,
                    Bytes = transfer.CopiedBytes,
                    Faulty = transfer.Faulty,
                    Faults = transfer.Faults,
                };
            });
        });
    }

    private static async Task<BlobTransfer> FillAsync(
        BackupFolder backup, DataFolder folder, ILoggerFactory loggers, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        var layout = folder.Layout;
        DatabaseFiles.Delete(layout.Database);
        File.Copy(backup.Metadata, layout.Database, overwrite: true);
        using var snapshot = SqliteSnapshot.Open(layout.Database);
        var transfer = new BlobTransfer(backup.Blobs, layout, progress);
        await transfer.RunAsync(snapshot, new StorageHealth(loggers.CreateLogger<StorageHealth>()), cancellationToken);
        if (Directory.Exists(backup.Files))
        {
            CopiedFiles.Copy(backup.Files, layout.Root, Directory.EnumerateFiles(backup.Files, "*", SearchOption.AllDirectories));
        }

        snapshot.JournalTree();
        folder.FinishRestore();
        return transfer;
    }
}
