using System.Buffers;
using System.Security.Cryptography;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Uploads;

/// <summary>Received bytes of an upload, which one request has opened.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IUploadContent : IAsyncDisposable
{
    /// <summary>Number of bytes.</summary>
    long Length { get; }

    /// <summary>
    /// Appends bytes. After a failure, <see cref="Length"/> tells how many bytes were kept: those of earlier calls since <see cref="FlushAsync"/> may be lost, too.
    /// </summary>
    /// <param name="data">The bytes, which do not change until the task ends.</param>
    /// <param name="hash">Hash of all bytes before, which receives these; null for none. After a failure, it may be ahead.</param>
    Task AppendAsync(ReadOnlySequence<byte> data, IncrementalHash? hash);

    /// <summary>
    /// Makes the appended bytes survive the end of the process, but perhaps not a power cut, and lets other requests open them. After a failure,
    /// <see cref="Length"/> tells how many were kept.
    /// </summary>
    Task FlushAsync();

    /// <summary>
    /// Drops the bytes after a position: the one at which the content was opened, or a later one. An engine that cannot drop only these drops all, as
    /// <see cref="Length"/> then tells.
    /// </summary>
    Task TruncateAsync(long length);

    /// <summary>Reads all bytes, which are few.</summary>
    Task<byte[]> ReadAsync();

    /// <summary>Reads all bytes into a hash.</summary>
    Task HashAsync(IncrementalHash hash);

    /// <summary>
    /// Makes the bytes, which match the digest, a blob. Durable when the task ends. After a failure, none of the bytes can be trusted, and the caller
    /// discards them.
    /// </summary>
    /// <returns>Place of the blob.</returns>
    Task<BlobPlace> CommitAsync(Digest digest);
}
