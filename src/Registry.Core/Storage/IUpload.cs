using System.IO.Pipelines;
using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>An upload that one request holds, alone.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IUpload : IAsyncDisposable
{
    /// <summary>How many bytes have been received.</summary>
    long Length { get; }

    /// <summary>
    /// Appends a body to its end. When the body breaks off, what arrived is kept and the reader's exception is passed on.
    /// </summary>
    /// <param name="body">The body, as it arrives.</param>
    /// <param name="algorithm">The algorithm that the digest will be in, as far as the caller knows it.</param>
    /// <param name="cancellationToken">Ends the reading, not the keeping.</param>
    /// <returns>False when it would become larger than a blob may be. Nothing good can come of the upload any more.</returns>
    Task<bool> AppendAsync(PipeReader body, DigestAlgorithm algorithm, CancellationToken cancellationToken);

    /// <summary>
    /// Remembers the length as the one that <see cref="RewindAsync"/> goes back to. Until then, others see the upload at this length
    /// (<see cref="IUploadStore.FindAsync"/>).
    /// </summary>
    void Mark();

    /// <summary>Drops the bytes that came after the mark. Does nothing without a mark, or when the upload is over.</summary>
    Task RewindAsync();

    /// <summary>Whether the bytes received have this digest; hashes the file again when its state is not in memory.</summary>
    Task<bool> MatchesAsync(Digest digest);

    /// <summary>
    /// Makes the bytes, which match the digest, a blob. Durable when the task ends. The upload is over; its session is forgotten when the
    /// blob is linked (<see cref="IMetadataStore.LinkBlobAsync"/>).
    /// </summary>
    /// <returns>The size in bytes.</returns>
    Task<long> CommitAsync(Digest digest);

    /// <summary>Throws the bytes away. The upload is over.</summary>
    Task AbortAsync();
}
