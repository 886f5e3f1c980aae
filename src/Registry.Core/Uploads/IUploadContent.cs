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
    /// Appends bytes. They survive the end of the process, but perhaps not a power cut. After a failure, <see cref="Length"/> tells how many of them were
    /// kept.
    /// </summary>
    /// <param name="data">The bytes, which do not change until the task ends.</param>
    /// <param name="hash">Hash of all bytes before, which receives these; null for none. After a failure, it may be ahead.</param>
    Task AppendAsync(ReadOnlySequence<byte> data, IncrementalHash? hash);

    /// <summary>Drops the bytes after a position.</summary>
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
