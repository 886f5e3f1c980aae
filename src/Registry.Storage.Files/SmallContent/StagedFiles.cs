using Microsoft.Extensions.Logging;
using Registry.Core.Oci;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Storage.Files.Blobs;

namespace Registry.Storage.Files.SmallContent;

/// <summary>
/// Writes staged content to its files and removes its rows. Many files share two syncs: (1) write each row to a temporary file, if its bytes have the
/// digest; (2) sync the file system; (3) rename each file to its place, under the lock of its digest and only if its row still exists, since content
/// that was deleted meanwhile must not come back; (4) sync the file system again; (5) remove the rows by their ids: a row that a push has added
/// meanwhile has another id, and stays.
/// </summary>
/// <remarks>
/// So a name never leads to bytes that are not durable, and the bytes are always durable in one of the two places. A failure, or the end of the process,
/// leaves rows, and the next attempt begins again.
/// </remarks>
internal sealed partial class StagedFiles(
    DataPaths paths,
    IStagedContent staged,
    BlobPlacement placement,
    IStagedQuarantine quarantine,
    DigestLocks locks,
    StorageThreads threads,
    StorageHealth health,
    ILogger<StagedFiles> logger) : IDisposable
{
    private const int PageSize = 128;

    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Writes all content that is staged now.</summary>
    /// <param name="filesPerSync">Number of files that share their syncs, approximately; their temporary files exist at the same time.</param>
    /// <param name="cancellationToken">Stops between syncs.</param>
    /// <exception cref="OperationCanceledException">It was stopped, and content is still staged.</exception>
    /// <exception cref="StorageException">Content could not be written, and is still staged.</exception>
    public async Task WriteOutAsync(int filesPerSync, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            health.ThrowIfFailed();
            var refusals = new List<string>();
            for (long? position = 0; position is { } after;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                position = await WriteOutAsync(after, filesPerSync, refusals);
            }

            if (refusals.Count > 0)
            {
                throw new StorageException(refusals.Count == 1 ? refusals[0] : $"{refusals[0]} (and {refusals.Count - 1} more)");
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Counts the staged content by reading it.</summary>
    /// <exception cref="StorageException">The metadata cannot be read.</exception>
    public async Task<long> CountAsync()
    {
        var count = 0L;
        for (var page = await staged.ListAsync(0, PageSize); page.Count > 0; page = await staged.ListAsync(page[^1].Id, PageSize))
        {
            count += page.Count;
        }

        return count;
    }

    public void Dispose() => _turn.Dispose();

    // Returns the last id; null at the end.
    private async Task<long?> WriteOutAsync(long after, int filesPerSync, List<string> refusals)
    {
        var files = new List<TemporaryFile>();
        using var fileSystem = await threads.RunAsync(() => DurableFile.OpenFileSystem(paths.Blobs));
        try
        {
            var last = await WriteAsync(files, after, filesPerSync);
            if (files.Count > 0)
            {
                await threads.RunAsync(() => DurableFile.SyncFileSystem(fileSystem, paths.Blobs));
                await PlaceAsync(files, refusals);
                await threads.RunAsync(() => DurableFile.SyncFileSystem(fileSystem, paths.Blobs));
                await staged.RemoveAsync([.. files.Where(file => file.IsPlaced).Select(file => file.Row)]);
            }

            return last;
        }
        finally
        {
            await threads.RunAsync(() => RemoveUnplaced(files));
        }
    }

    private async Task<long?> WriteAsync(List<TemporaryFile> files, long after, int filesPerSync)
    {
        while (files.Count < filesPerSync)
        {
            var page = await staged.ListAsync(after, PageSize);
            if (page.Count == 0)
            {
                return null;
            }

            after = page[^1].Id;
            var damaged = page.Where(row => !row.IsWhole).ToList();
            await threads.RunAsync(() => Write(page.Except(damaged), files));
            foreach (var row in damaged)
            {
                await SetAsideAsync(row);
            }
        }

        return after;
    }

    private void Write(IEnumerable<StagedContent> rows, List<TemporaryFile> files)
    {
        foreach (var row in rows)
        {
            var temporary = new TemporaryFile(row.Id, row.Digest, paths.TemporaryFile(Guid.NewGuid()));
            files.Add(temporary);
            using var handle = File.OpenHandle(temporary.Path, FileMode.CreateNew, FileAccess.Write, FileShare.Delete);
            FileOwner.Inherit(handle, temporary.Path);
            RandomAccess.Write(handle, row.Bytes, 0);
        }
    }

    private async Task SetAsideAsync(StagedContent damaged)
    {
        await using var holder = await locks.AcquireAsync(damaged.Digest);
        if ((await staged.FindPresentAsync([damaged.Id])).Count > 0 && await quarantine.TakeAsync(damaged) is { } place)
        {
            LogDamaged(damaged.Digest.Value, place);
        }
    }

    private async Task PlaceAsync(List<TemporaryFile> files, List<string> refusals)
    {
        foreach (var group in DigestLocks.GroupByLock(files, file => file.Digest))
        {
            await using var holder = await locks.AcquireAsync(group[0].Digest);
            var present = await staged.FindPresentAsync([.. group.Select(file => file.Row)]);
            await threads.RunAsync(() =>
            {
                foreach (var file in group.Where(file => present.Contains(file.Row)))
                {
                    TryPlace(file, refusals);
                }
            });
        }
    }

    // A place that cannot be written, such as one with a planted link, must not keep other content from its file.
    private void TryPlace(TemporaryFile file, List<string> refusals)
    {
        try
        {
            placement.PlaceUnsynced(file.Path, file.Digest);
            file.IsPlaced = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            refusals.Add(e.Message);
        }
    }

    // Their content was deleted meanwhile, or the attempt has failed.
    private static void RemoveUnplaced(List<TemporaryFile> files)
    {
        foreach (var file in files.Where(file => !file.IsPlaced))
        {
            try
            {
                File.Delete(file.Path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next start removes it.
            }
        }
    }

    [LoggerMessage(1, LogLevel.Error,
        "{Digest} is damaged in registry.db: its bytes do not have that digest. They were moved to {Place}. Pushing it again repairs it. Check the disk, and run 'registry verify'")]
    private partial void LogDamaged(string digest, string place);

    private sealed class TemporaryFile(long row, Digest digest, string path)
    {
        public long Row => row;

        public Digest Digest => digest;

        public string Path => path;

        public bool IsPlaced { get; set; }
    }
}
