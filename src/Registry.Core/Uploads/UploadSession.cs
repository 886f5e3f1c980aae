using System.Buffers.Binary;
using Registry.Core.Oci;

namespace Registry.Core.Uploads;

/// <summary>An upload in progress.</summary>
/// <param name="Id">Id in URLs.</param>
/// <param name="Repository">Repository of the blob.</param>
/// <param name="Owner">User who began it; null for an anonymous caller.</param>
/// <param name="Algorithm">Expected algorithm of the digest.</param>
/// <param name="Length">Number of received bytes.</param>
/// <param name="IdleFor">Time since the last byte arrived; zero while a request uses the upload.</param>
public sealed record UploadSession(
    Guid Id, RepositoryName Repository, string? Owner, DigestAlgorithm Algorithm, long Length, TimeSpan IdleFor)
{
    private const int Version = 7;

    // Of 64 bits, those that are not of the time.
    private const int Rest = 16;

    /// <summary>Time at which it was begun, to the millisecond, by the clock of the process that did; null for one that an earlier version began.</summary>
    public DateTimeOffset? BegunAt
    {
        get
        {
            // The id begins with it (RFC 9562, section 5.7).
            Span<byte> bytes = stackalloc byte[16];
            Id.TryWriteBytes(bytes, bigEndian: true, out _);
            return Id.Version == Version ? DateTimeOffset.FromUnixTimeMilliseconds((long)(BinaryPrimitives.ReadUInt64BigEndian(bytes) >> Rest)) : null;
        }
    }
}
