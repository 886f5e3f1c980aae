using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// The last steps of every blob and manifest: create the folder, rename the finished file into it, and make both names durable. A name is
/// visible only when the data behind it has been synced before.
/// </summary>
internal sealed class BlobPlacement(FileSystemLayout layout, StorageThreads threads, DirectorySyncs syncs)
{
    private readonly HashSet<string> _durableShards = new(StringComparer.Ordinal);

    /// <summary>Creates the folder of a blob. Durable when the task ends.</summary>
    public async Task PrepareAsync(Digest digest)
    {
        await EnsureShardAsync(digest);
        await threads.RunAsync(() => Directory.CreateDirectory(layout.BlobDirectory(digest)));
        await syncs.SyncAsync(layout.BlobShard(digest));
    }

    /// <summary>
    /// Moves a synced file into the folder that was prepared, replacing what is there: the bytes are verified, so a damaged blob is healed
    /// by pushing it again. Durable when the task ends.
    /// </summary>
    public Task PlaceAsync(string file, Digest digest) => threads.RunAsync(() =>
    {
        DurableFile.Rename(file, layout.BlobData(digest));

        // Whoever else brings this digest waits for its lock, so there is nobody to share this sync with.
        syncs.Sync(layout.BlobDirectory(digest));
    });

    // Shard folders are never removed, so each needs its parent synced once in the life of the process.
    private async Task EnsureShardAsync(Digest digest)
    {
        var shard = layout.BlobShard(digest);
        lock (_durableShards)
        {
            if (_durableShards.Contains(shard))
            {
                return;
            }
        }

        await threads.RunAsync(() => Directory.CreateDirectory(shard));
        await Task.WhenAll(syncs.SyncAsync(layout.BlobAlgorithm(digest.Algorithm)), syncs.SyncAsync(layout.Blobs));
        lock (_durableShards)
        {
            _durableShards.Add(shard);
        }
    }
}
