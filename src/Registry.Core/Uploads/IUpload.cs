using System.IO.Pipelines;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Uploads;

/// <summary>An upload that one request has acquired exclusively.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IUpload : IAsyncDisposable
{
    /// <summary>Number of received bytes.</summary>
    long Length { get; }

    /// <summary>
    /// Appends a body. If the body breaks off, the received bytes are kept and the reader's exception is passed on. A read that is cancelled
    /// (<see cref="PipeReader.CancelPendingRead"/>) ends the wait for a larger piece: what has arrived is written.
    /// </summary>
    /// <param name="body">The body, as it arrives.</param>
    /// <param name="algorithm">Expected algorithm of the digest.</param>
    /// <param name="cancellationToken">Stops reading; the received bytes are kept.</param>
    /// <exception cref="UploadTakenOverException">Another request has taken over, since the body had stopped.</exception>
    /// <returns>False if the upload would exceed the size limit of a blob. It can never be completed then.</returns>
    Task<bool> AppendAsync(PipeReader body, DigestAlgorithm algorithm, CancellationToken cancellationToken);

    /// <summary>
    /// Marks the current length, which <see cref="RewindAsync"/> restores. Until then, other requests see the upload at this length
    /// (<see cref="IUploadStore.FindAsync"/>).
    /// </summary>
    /// <param name="isLast">
    /// True if the upload ends with the next body, or is rewound: a small body that is there as a whole then stays in memory. An upload without a
    /// session always ends so.
    /// </param>
    void Mark(bool isLast = false);

    /// <summary>Drops the bytes after the mark. Does nothing without a mark, or when the upload has ended.</summary>
    Task RewindAsync();

    /// <summary>True if the received bytes have this digest. Hashes the file again if the hash state is not in memory.</summary>
    Task<bool> MatchesAsync(Digest digest);

    /// <summary>
    /// Bytes of a small upload, for <see cref="IMetadataStore.LinkBlobAsync"/> to make them durable; <see cref="EndAsync"/> follows. Null if the upload
    /// is large, or too much content is staged; then <see cref="CommitAsync"/> follows.
    /// </summary>
    Task<byte[]?> TryStageAsync();

    /// <summary>Ends the upload, whose bytes the metadata has made durable.</summary>
    Task EndAsync();

    /// <summary>
    /// Makes the bytes, which match the digest, a blob. Durable when the task ends. The upload has ended; its session is removed when the
    /// blob is linked (<see cref="IMetadataStore.LinkBlobAsync"/>).
    /// </summary>
    /// <returns>Size in bytes.</returns>
    Task<long> CommitAsync(Digest digest);

    /// <summary>Discards the bytes and ends the upload.</summary>
    Task AbortAsync();
}
