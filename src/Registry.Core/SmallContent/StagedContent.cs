using Registry.Core.Oci;

namespace Registry.Core.SmallContent;

/// <summary>A small blob or manifest whose bytes are in the metadata.</summary>
/// <param name="Id">Number of the row, which is never used again.</param>
/// <param name="Digest">Digest that it was stored under.</param>
/// <param name="Bytes">The bytes.</param>
public sealed record StagedContent(long Id, Digest Digest, byte[] Bytes)
{
    // Of a row, its index, and the file that it becomes.
    private const long Overhead = 512;

    /// <summary>True if the bytes have the digest.</summary>
    public bool IsWhole => Digest.Algorithm.Compute(Bytes) == Digest;

    /// <summary>Weight of staged content, in bytes.</summary>
    /// <param name="bytes">Sum of the sizes.</param>
    /// <param name="rows">Number of rows.</param>
    public static long WeightOf(long bytes, long rows) => bytes + (rows * Overhead);
}
