using System.Security.Cryptography;

namespace Registry.Storage.S3.Blobs;

/// <summary>
/// <c>Content-MD5</c> (RFC 1864), the one checksum that every store compares with the bytes that have arrived. It protects against a fault on the way, not
/// against an attacker.
/// </summary>
internal static class ContentChecksum
{
    /// <summary>Checksum of bytes in pieces.</summary>
    public static byte[] Of(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
#pragma warning disable CA5351 // See the summary.
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351
        foreach (var piece in pieces)
        {
            hash.AppendData(piece.Span);
        }

        return hash.GetHashAndReset();
    }
}
