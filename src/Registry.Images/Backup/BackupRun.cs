using Microsoft.Extensions.Logging;
using Registry.Core.Metadata;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Storage;
using Registry.Storage.Files;
using Registry.Storage.Files.Blobs;

namespace Registry.Images.Backup;

/// <summary>
/// Backs up a data folder, whether a registry serves it or not. First it takes a snapshot of the metadata, then it copies the bytes that the
/// snapshot refers to, which are not removed meanwhile (<see cref="StorageReader"/>). Everything acknowledged before it began is in the backup.
/// </summary>
/// <remarks>
/// The process can be killed at any moment. A generation gets its name when all of its blobs are durable; older generations, and blobs that only
/// they need, are removed after that. A finished generation therefore stays complete.
/// </remarks>
public static partial class BackupRun
{
    /// <summary>Makes a generation of a backup.</summary>
    /// <param name="storage">The data folder.</param>
    /// <param name="target">The folder of the backup; created if needed.</param>
    /// <param name="keep">Number of generations to keep, including the new one; the oldest are removed.</param>
    /// <param name="files">Further files to copy, if they exist and are in the data folder.</param>
    /// <param name="time">Clock of waiting.</param>
    /// <param name="loggers">Log of what the report does not contain.</param>
    /// <param name="progress">Receives the progress from time to time; null for none.</param>
    /// <param name="cancellationToken">Stops the backup; the next run continues.</param>
    /// <exception cref="StorageException">One of the folders cannot be used; the message names it.</exception>
    public static async Task<BackupReport> RunAsync(
        string storage,
        string target,
        int keep,
        IEnumerable<string> files,
        TimeProvider time,
        ILoggerFactory loggers,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        var folder = new BackupFolder(target);
        RefuseNested(Path.GetFullPath(storage), folder.Root);
        var paths = new DataPaths(storage);
        await using var reader = await Named.RunAsync(storage, () => StorageReader.OpenAsync(new StorageChoice(storage), time, loggers, cancellationToken));
        return await Named.RunAsync(folder.Root, async () =>
        {
            using var held = folder.Take();
            var generation = folder.Begin(time.GetUtcNow());
            FileOwner.CreateFile(generation.Metadata);
            await reader.CopyMetadataAsync(generation.Metadata);
            CopiedFiles.Copy(paths, generation.Files, [paths.TokenKey, .. files]);
            var transfer = new BlobTransfer(paths, folder.Blobs, readsKept: false, progress);
            long blobs;
            using (var snapshot = RegistryStorage.OpenSnapshot(generation.Metadata))
            {
                blobs = snapshot.Count().Blobs;
                await transfer.RunAsync(snapshot, new StorageHealth(loggers.CreateLogger<StorageHealth>()), cancellationToken);
                snapshot.RemoveStaged();
            }

            generation = folder.Finish(generation);
            if (transfer.Faulty == 0)
            {
                TryRecord(paths, time.GetUtcNow(), loggers.CreateLogger<BackupFolder>());
            }

            var pruned = folder.Prune(keep);
            return new BackupReport
            {
                Generation = generation.Name,
                Generations = [.. folder.List().Select(kept => kept.Name)],
                Pruned = pruned,
                Blobs = blobs,
                Copied = transfer.Copied,
                CopiedBytes = transfer.CopiedBytes,
                Kept = transfer.Kept,
                Removed = RemoveUnneeded(folder),
                Faulty = transfer.Faulty,
                Faults = transfer.Faults,
            };
        });
    }

    /// <summary>Lists the generations of a backup, the oldest first.</summary>
    /// <exception cref="StorageException">The folder holds no backup, or cannot be read.</exception>
    public static Task<IReadOnlyList<GenerationSummary>> ListAsync(string target)
    {
        var folder = new BackupFolder(target);
        return Named.RunAsync(folder.Root, () =>
        {
            using var held = folder.TakeToRead();
            return Task.FromResult<IReadOnlyList<GenerationSummary>>([.. folder.List().Select(Summarize)]);
        });
    }

    /// <summary>Opens a generation of a backup to read images from it. No backup is made in the folder until it is disposed.</summary>
    /// <param name="target">The folder of the backup.</param>
    /// <param name="generation">The name of the generation; null for the last one.</param>
    /// <param name="time">The time.</param>
    /// <param name="loggers">The log.</param>
    /// <exception cref="StorageException">There is no such generation, or it cannot be read.</exception>
    public static Task<StorageReader> OpenAsync(string target, string? generation, TimeProvider time, ILoggerFactory loggers)
    {
        var folder = new BackupFolder(target);
        return Named.RunAsync(folder.Root, () =>
        {
            var held = folder.TakeToRead();
            try
            {
                var found = folder.Find(generation);

                // Upgrades metadata of an older version.
                RegistryStorage.OpenSnapshot(found.Metadata).Dispose();
                return Task.FromResult(StorageReader.OpenSnapshot(folder.Blobs, found.Metadata, held, time, loggers));
            }
            catch
            {
                held.Dispose();
                throw;
            }
        });
    }

    private static GenerationSummary Summarize(BackupGeneration generation)
    {
        using var snapshot = RegistryStorage.OpenSnapshot(generation.Metadata, isChecked: false);
        var (blobs, bytes) = snapshot.Count();
        return new GenerationSummary(generation.Name, blobs, bytes);
    }

    // A blob stays as long as a generation refers to it.
    private static long RemoveUnneeded(BackupFolder folder)
    {
        var snapshots = new List<IMetadataSnapshot>();
        try
        {
            snapshots.AddRange(folder.List().Select(generation => RegistryStorage.OpenSnapshot(generation.Metadata, isChecked: false)));
            var removed = 0;
            foreach (var digest in BlobPlaces.Enumerate(folder.Blobs).Where(digest => !snapshots.Exists(snapshot => snapshot.Contains(digest))))
            {
                if (PlainFile.DeleteFolder(folder.Blobs.BlobDirectory(digest), folder.Blobs.Blobs))
                {
                    removed++;
                }
            }

            return removed;
        }
        finally
        {
            snapshots.ForEach(snapshot => snapshot.Dispose());
        }
    }

    // The backup is valid without it; only a metric is not updated.
    private static void TryRecord(DataPaths paths, DateTimeOffset at, ILogger<BackupFolder> log)
    {
        try
        {
            LastBackup.Record(paths, at);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotRecorded(log, paths.LastBackup, IoFault.Reason(e, paths.LastBackup));
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The time of this backup could not be written to {Path}, so registry_backup_last_success_seconds does not have it: {Reason}")]
    private static partial void LogNotRecorded(ILogger logger, string path, string reason);

    private static void RefuseNested(string storage, string target)
    {
        if (IsBelow(target, storage) || IsBelow(storage, target))
        {
            throw new StorageException($"{target} and the data folder {storage} overlap; choose another folder");
        }
    }

    private static bool IsBelow(string path, string folder) =>
        Path.GetRelativePath(folder, path) is var way && way != ".." && !way.StartsWith("../", StringComparison.Ordinal) && !Path.IsPathRooted(way);
}
