using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Metadata;

/// <summary>The metadata at one moment, apart from those of the registry, for a backup.</summary>
public interface IMetadataSnapshot : IDisposable
{
    /// <summary>Counts the blobs and manifests that it refers to, and their size in bytes.</summary>
    (long Blobs, long Bytes) Count();

    /// <summary>Lists the blobs and manifests that it refers to.</summary>
    IEnumerable<SnapshotBlob> Blobs();

    /// <summary>True if it refers to a blob or manifest.</summary>
    bool Contains(Digest digest);

    /// <summary>Removes the bytes of staged content: their files have them.</summary>
    /// <exception cref="StorageException">The snapshot cannot be written.</exception>
    void RemoveStaged();

    /// <summary>
    /// Records everything that the repositories tree shows as changes of a restore: a process that opens the metadata next to an empty tree then
    /// fills the tree.
    /// </summary>
    /// <exception cref="StorageException">The snapshot cannot be written.</exception>
    void RepeatForTree(DateTimeOffset time);
}
