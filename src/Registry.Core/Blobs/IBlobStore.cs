using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Blobs;

/// <summary>Stores the bytes of blobs and manifests. The metadata records which repositories may see them.</summary>
/// <remarks>
/// Every member throws <see cref="StorageException"/> when the storage fails. Cancelling an operation that changes something leaves it undone, or done as
/// a whole.
/// </remarks>
public interface IBlobStore
{
    /// <summary>Size in bytes; null if the bytes do not exist.</summary>
    ValueTask<long?> StatAsync(BlobPlace place, CancellationToken cancellationToken = default);

    /// <summary>
    /// Opens the bytes for reading, or reads them if they are small (<see cref="BlobSource.MaxInMemory"/>); null if they do not exist. The
    /// caller disposes the result.
    /// </summary>
    ValueTask<BlobSource?> OpenAsync(BlobPlace place, CancellationToken cancellationToken = default);

    /// <summary>Stores small, verified content from memory. Durable when the task ends; replaces existing bytes in the same place.</summary>
    /// <returns>Place of the bytes.</returns>
    Task<BlobPlace> PutAsync(Digest digest, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    /// <summary>Removes bytes, durably. A place without bytes is no fault. Open sources continue.</summary>
    Task DeleteAsync(IReadOnlyList<BlobPlace> places, CancellationToken cancellationToken = default);

    /// <summary>Removes bytes durably and at once, and earlier versions of them, whatever delays and versions the store has.</summary>
    /// <returns>What could not be removed, each as a clause for people; empty if nothing is left.</returns>
    async Task<IReadOnlyList<string>> EraseAsync(BlobPlace place, CancellationToken cancellationToken = default)
    {
        await DeleteAsync([place], cancellationToken);
        return [];
    }

    /// <summary>
    /// Lists all places, with or without bytes: stored content, and what an interrupted store or removal has left behind. The order is the store's own, and
    /// always the same, so that a listing can continue. What is stored or removed meanwhile may be listed or not.
    /// </summary>
    /// <param name="after">Place after which the listing continues, which need not exist any more; null for the beginning.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    IAsyncEnumerable<BlobPlace> ListAsync(BlobPlace? after = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Begins the removal of bytes that another process, such as a backup, may be reading. Null while one does; then no bytes that were linked may
    /// be removed. The caller disposes the result soon, since a backup waits for it.
    /// </summary>
    ValueTask<IDisposable?> TryBeginRemovalAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Waits until no other caller stores or removes the bytes of a digest, and keeps others waiting until the result is disposed. A caller that stores bytes
    /// keeps the fence until the metadata knows them; a caller that removes bytes asks the metadata within the fence. Does nothing in a store that never
    /// uses a name again. Never hold two: they may be the same.
    /// </summary>
    ValueTask<IAsyncDisposable> FenceAsync(Digest digest, CancellationToken cancellationToken = default);
}
