using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Blobs;

/// <summary>Stores the bytes of blobs and manifests by digest. The metadata records which repositories may see them.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IBlobStore
{
    /// <summary>Size in bytes; null if the bytes do not exist.</summary>
    Task<long?> StatAsync(Digest digest);

    /// <summary>
    /// Opens the bytes for reading, or reads them if they are small (<see cref="BlobSource.MaxInMemory"/>); null if they do not exist. The
    /// caller disposes the result.
    /// </summary>
    Task<BlobSource?> OpenAsync(Digest digest);

    /// <summary>Stores small, verified content from memory. Durable when the task ends; replaces existing bytes.</summary>
    Task PutAsync(Digest digest, ReadOnlyMemory<byte> content);

    /// <summary>Removes the bytes; false if they do not exist. Open readers continue.</summary>
    Task<bool> DeleteAsync(Digest digest);

    /// <summary>
    /// Begins the removal of bytes that another process, such as a backup, may be reading. Null while one does; then no bytes that were linked may
    /// be removed. The caller disposes the result soon, since a backup waits for it.
    /// </summary>
    Task<IDisposable?> TryBeginRemovalAsync();

    /// <summary>
    /// Lists all digests that have a place for their file, with or without bytes, in no particular order, as of some moment during the enumeration, which
    /// blocks: stored content, and what an interrupted store or removal has left behind.
    /// </summary>
    IEnumerable<Digest> EnumeratePlaces();
}
