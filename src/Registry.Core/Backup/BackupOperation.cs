using Microsoft.Extensions.Logging;
using Registry.Core.Storage;
using Registry.Core.Storage.FileSystem;
using Registry.Core.Storage.Sqlite;

namespace Registry.Core.Backup;

/// <summary>
/// Backs a data folder up, while a registry serves it or not. First a snapshot of the metadata, then the bytes that it refers to, which nobody
/// removes meanwhile (<see cref="StorageReader"/>): everything that was acknowledged before it began is in it.
/// </summary>
/// <remarks>
/// It can be killed at any moment. The snapshot gets its name when all of its blobs are durable, and what only the one before needs is removed
/// after that: there is always a whole backup, the new one or the last.
/// </remarks>
public static partial class BackupOperation
{
    /// <summary>Makes a backup, or brings one up to date.</summary>
    /// <param name="storage">The data folder.</param>
    /// <param name="target">The folder of the backup; created where needed.</param>
    /// <param name="files">Further files to take along, where they are in the data folder and there.</param>
    /// <param name="time">What waiting goes by.</param>
    /// <param name="loggers">For what is not in the report.</param>
    /// <param name="progress">Is told now and then; null for nobody.</param>
    /// <param name="cancellationToken">Ends it; the next run goes on.</param>
    /// <exception cref="StorageException">One of the folders cannot be used; the message names it.</exception>
    public static async Task<BackupReport> RunAsync(
        string storage,
        string target,
        IEnumerable<string> files,
        TimeProvider time,
        ILoggerFactory loggers,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        var folder = new BackupFolder(target);
        RefuseNested(Path.GetFullPath(storage), folder.Root);
        using var reader = await Named.RunAsync(storage, () => StorageReader.OpenAsync(storage, time, loggers, cancellationToken));
        return await Named.RunAsync(folder.Root, async () =>
        {
            using var held = folder.Take();
            DatabaseFiles.Delete(folder.NewMetadata);
            await reader.CopyMetadataAsync(folder.NewMetadata);
            CopiedFiles.Copy(reader.Layout.Root, folder.Files, [reader.Layout.TokenKey, .. files]);
            var transfer = new BlobTransfer(reader.Layout, folder.Blobs, progress);
            using var snapshot = SqliteSnapshot.Open(folder.NewMetadata);
            await transfer.RunAsync(snapshot, new StorageHealth(loggers.CreateLogger<StorageHealth>()), cancellationToken);
            Finish(folder);
            if (transfer.Faulty == 0)
            {
                TryRecord(reader.Layout, time.GetUtcNow(), loggers.CreateLogger<BackupFolder>());
            }

            return new BackupReport
            {
                Blobs = snapshot.Count().Blobs,
                Copied = transfer.Copied,
                CopiedBytes = transfer.CopiedBytes,
                Kept = transfer.Kept,
                Removed = RemoveUnneeded(folder, snapshot),
                Faulty = transfer.Faulty,
                Faults = transfer.Faults,
            };
        });
    }

    // The backup is good without it; a metric stands still.
    private static void TryRecord(FileSystemLayout layout, DateTimeOffset at, ILogger<BackupFolder> log)
    {
        try
        {
            LastBackup.Record(layout, at);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotRecorded(log, layout.LastBackup, e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The time of this backup could not be written to {Path}, so registry_backup_last_success_seconds does not have it: {Reason}")]
    private static partial void LogNotRecorded(ILogger logger, string path, string reason);

    // The metadata get their name when everything they refer to is durable.
    private static void Finish(BackupFolder folder)
    {
        using (var metadata = File.OpenHandle(folder.NewMetadata, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))
        {
            DurableFile.SyncData(metadata, folder.NewMetadata);
        }

        DurableFile.Rename(folder.NewMetadata, folder.Metadata);
        DurableFile.SyncDirectory(folder.Root);
    }

    private static long RemoveUnneeded(BackupFolder folder, SqliteSnapshot snapshot)
    {
        var removed = 0;
        foreach (var digest in FileSystemBlobStore.EnumeratePlaces(folder.Blobs).Where(digest => !snapshot.Contains(digest)))
        {
            if (PlainFile.DeleteFolder(folder.Blobs.BlobDirectory(digest), folder.Blobs.Blobs))
            {
                removed++;
            }
        }

        return removed;
    }

    private static void RefuseNested(string storage, string target)
    {
        if (IsBelow(target, storage) || IsBelow(storage, target))
        {
            throw new StorageException($"{target} and the data folder {storage} are one inside the other; choose another folder");
        }
    }

    private static bool IsBelow(string path, string folder) =>
        Path.GetRelativePath(folder, path) is var way && way != ".." && !way.StartsWith("../", StringComparison.Ordinal) && !Path.IsPathRooted(way);
}
