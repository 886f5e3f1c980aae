using Registry.Core.Storage;

namespace Registry.Core.Blobs;

/// <summary>Blobs and manifests for pulls. The metadata decides beforehand which repositories may see a digest.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IBlobReader
{
    /// <summary>Size in bytes; null if the bytes do not exist.</summary>
    /// <param name="place">Place of the content.</param>
    /// <param name="expected">Expected size.</param>
    /// <param name="cancellationToken">Stops waiting for the storage.</param>
    ValueTask<long?> StatAsync(BlobPlace place, long expected, CancellationToken cancellationToken = default);

    /// <summary>Opens the bytes; null if they do not exist. The caller disposes the result.</summary>
    ValueTask<BlobSource?> OpenAsync(BlobPlace place, CancellationToken cancellationToken = default);

    /// <summary>
    /// Opens the bytes for a client that may fetch them from elsewhere (<see cref="BlobSource.Location"/>); null if they do not exist. A source with a location is not
    /// opened before its bytes are copied, so missing bytes are a fault of the copy. The caller disposes the result.
    /// </summary>
    /// <param name="place">Place of the content.</param>
    /// <param name="expected">Expected size.</param>
    /// <param name="cancellationToken">Stops waiting for the storage.</param>
    ValueTask<BlobSource?> OpenForClientAsync(BlobPlace place, long expected, CancellationToken cancellationToken = default);
}
