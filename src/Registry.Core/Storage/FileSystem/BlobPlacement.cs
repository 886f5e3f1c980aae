using Microsoft.Win32.SafeHandles;
using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// The last steps of every blob and manifest: make its data durable, rename the file into a folder of its own, and make the names durable. A
/// name is visible only when the data behind it has been synced before.
/// </summary>
/// <remarks>
/// All on one thread: a file system with a journal commits the folder together with the data, so that the sync of the folder finds nothing
/// left to do, and concurrent syncs share a commit of the journal without our help.
/// </remarks>
internal sealed class BlobPlacement(FileSystemLayout layout, CheckedSync sync)
{
    private readonly HashSet<string> _durableShards = new(StringComparer.Ordinal);

    /// <summary>
    /// Moves an open file to its place, replacing what is there: the bytes are verified, so a damaged blob is healed by pushing it again.
    /// Blocks; durable when it returns.
    /// </summary>
    public void Place(SafeFileHandle handle, string file, Digest digest)
    {
        EnsureShard(digest);
        var directory = layout.BlobDirectory(digest);
        PlainFile.CreateFolder(directory, layout.Blobs);
        sync.Data(handle, file);
        sync.Directory(layout.BlobShard(digest));
        DurableFile.Rename(file, layout.BlobData(digest));
        sync.Directory(directory);
    }

    // Shard folders are never removed, so each needs its parents synced once in the life of the process.
    private void EnsureShard(Digest digest)
    {
        var shard = layout.BlobShard(digest);
        lock (_durableShards)
        {
            if (_durableShards.Contains(shard))
            {
                return;
            }
        }

        PlainFile.CreateFolder(shard, layout.Blobs);
        sync.Directory(layout.BlobAlgorithm(digest.Algorithm));
        sync.Directory(layout.Blobs);
        lock (_durableShards)
        {
            _durableShards.Add(shard);
        }
    }
}
