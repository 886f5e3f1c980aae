using Microsoft.Win32.SafeHandles;
using Registry.Core.Oci;
using Registry.Files;

namespace Registry.Storage.Files.Blobs;

/// <summary>
/// Places blobs and manifests, as the last steps of storing them: makes the data durable, renames the file into its own folder, and makes the
/// names durable. A name is visible only after its data has been synced.
/// </summary>
/// <remarks>
/// All steps run on one thread: a journaling file system commits the folder together with the data, so that the sync of the folder finds
/// nothing left to do, and concurrent syncs share a commit of the journal by themselves.
/// </remarks>
public sealed class BlobPlacement(DataPaths paths, CheckedSync sync)
{
    private readonly HashSet<string> _durableShards = new(StringComparer.Ordinal);

    /// <summary>
    /// Moves an open file to its place and replaces an existing one: the bytes are verified, so that pushing a damaged blob again repairs it.
    /// Blocks; durable when it returns.
    /// </summary>
    public void Place(SafeFileHandle handle, string file, Digest digest)
    {
        EnsureShard(digest);
        var directory = paths.BlobDirectory(digest);
        PlainFile.CreateFolder(directory, paths.Blobs);
        sync.Data(handle, file);
        sync.Directory(paths.BlobShard(digest));
        DurableFile.Rename(file, paths.BlobData(digest));
        sync.Directory(directory);
    }

    /// <summary>
    /// Moves a file whose data is durable to its place, and replaces an existing one. Blocks; its name is durable after a sync of the file system.
    /// </summary>
    public void PlaceUnsynced(string file, Digest digest)
    {
        PlainFile.CreateFolder(paths.BlobDirectory(digest), paths.Blobs);
        DurableFile.Rename(file, paths.BlobData(digest));
    }

    // Shard folders are never removed, so each needs its parents synced only once per process.
    private void EnsureShard(Digest digest)
    {
        var shard = paths.BlobShard(digest);
        lock (_durableShards)
        {
            if (_durableShards.Contains(shard))
            {
                return;
            }
        }

        PlainFile.CreateFolder(shard, paths.Blobs);
        sync.Directory(paths.BlobAlgorithm(digest.Algorithm));
        sync.Directory(paths.Blobs);
        lock (_durableShards)
        {
            _durableShards.Add(shard);
        }
    }
}
