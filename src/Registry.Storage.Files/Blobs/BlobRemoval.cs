using Registry.Core.Oci;
using Registry.Files;

namespace Registry.Storage.Files.Blobs;

/// <summary>
/// Removes blobs and manifests: deletes the folder of each, and makes the removal durable by a sync of the folder above it. Until the metadata forgets the digest, which comes
/// after that, a removal that was interrupted is repeated.
/// </summary>
/// <param name="paths">Places of the blobs.</param>
/// <param name="sync">Makes folders durable.</param>
internal sealed class BlobRemoval(DataPaths paths, CheckedSync sync)
{
    /// <summary>Removes blobs. Blocks; durable when it returns.</summary>
    public void Remove(IEnumerable<Digest> digests)
    {
        var shards = new HashSet<string>(StringComparer.Ordinal);
        foreach (var digest in digests)
        {
            if (PlainFile.DeleteFolder(paths.BlobDirectory(digest), paths.Blobs))
            {
                shards.Add(paths.BlobShard(digest));
            }
        }

        foreach (var shard in shards)
        {
            sync.Directory(shard);
        }
    }
}
