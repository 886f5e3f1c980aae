using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>The bytes of blobs and manifests, by digest. Which repository may see them is the metadata's business.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IBlobStore
{
    /// <summary>The size in bytes; null when the bytes are not here.</summary>
    Task<long?> StatAsync(Digest digest);

    /// <summary>
    /// Opens the bytes for reading, or reads them when they are small (<see cref="BlobContent.MaxInMemory"/>); null when they are not here. The
    /// caller disposes the result.
    /// </summary>
    Task<BlobContent?> OpenAsync(Digest digest);

    /// <summary>Reads content whole that is known to be small, as manifests are; null when it is not here.</summary>
    Task<byte[]?> ReadAsync(Digest digest);

    /// <summary>Stores small content that is in memory and was verified. Durable when the task ends; replaces what is there.</summary>
    Task PutAsync(Digest digest, ReadOnlyMemory<byte> content);

    /// <summary>Removes the bytes; false when they were not here. Whoever has them open reads on.</summary>
    Task<bool> DeleteAsync(Digest digest);

    /// <summary>
    /// Begins to remove bytes that somebody may be reading elsewhere: another process that makes a backup. Null while one does; then nothing
    /// that was linked to may be removed. Whoever removes disposes the result soon, since a backup waits for it.
    /// </summary>
    Task<IDisposable?> TryBeginRemovalAsync();

    /// <summary>Everything that is stored, in no particular order, as of some moment during the enumeration.</summary>
    IEnumerable<Digest> Enumerate();

    /// <summary>
    /// Everything that has a place, with or without bytes in it, as of some moment during the enumeration, which blocks: what is stored, and
    /// what storing or removing has left behind when it was cut short.
    /// </summary>
    IEnumerable<Digest> EnumeratePlaces();
}
