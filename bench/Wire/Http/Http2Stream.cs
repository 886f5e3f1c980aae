using System.Text;

namespace Registry.Bench.Wire.Http;

/// <summary>A request of an <see cref="Http2Connection"/>.</summary>
/// <param name="id">Number of the stream.</param>
/// <param name="status">The expected status.</param>
/// <param name="take">Receives the body; null to discard it.</param>
internal sealed class Http2Stream(int id, int status, Action<ReadOnlySpan<byte>>? take)
{
    // Codes of ":status: 200" to ":status: 500" in the static table (RFC 7541, appendix A), from index 8 on.
    private static readonly int[] Indexed = [200, 204, 206, 304, 400, 404, 500];

    private bool _isAnswered;

    public int Id { get; } = id;

    /// <summary>Number of bytes that may still be sent.</summary>
    public long SendWindow { get; set; }

    /// <summary>Number of received bytes whose room in the window was not returned yet.</summary>
    public long Unreturned { get; set; }

    /// <summary>Number of received bytes of the body.</summary>
    public long Received { get; private set; }

    /// <summary>True when the answer is complete.</summary>
    public bool IsOver { get; set; }

    public void Take(ReadOnlySpan<byte> piece)
    {
        Received += piece.Length;
        take?.Invoke(piece);
    }

    /// <summary>Checks the status of the answer, which comes first (RFC 9113, section 8.3). Trailers are ignored.</summary>
    /// <exception cref="InvalidOperationException">The status is another one.</exception>
    public void Answer(ReadOnlySpan<byte> block)
    {
        if (!_isAnswered && Status(block) is var answered && answered != status)
        {
            throw new InvalidOperationException($"The answer is {answered} instead of {status}: {Encoding.Latin1.GetString(block)}");
        }

        _isAnswered = true;
    }

    private static int Status(ReadOnlySpan<byte> block)
    {
        // Changes of the table's size come before the fields (RFC 7541, section 6.3).
        while ((block[0] & 0xE0) == 0x20)
        {
            var end = (block[0] & 0x1F) == 0x1F ? 1 : 0;
            while (end > 0 && (block[end] & 0x80) != 0)
            {
                end++;
            }

            block = block[(end + 1)..];
        }

        // A name of the table with a value, as three digits or in the code of Huffman: with indexing, without, or never indexed.
        var isNamed = block[0] is >= 0x48 and <= 0x4E or >= 0x08 and <= 0x0E or >= 0x18 and <= 0x1E;
        return block switch
        {
            [var index and >= 0x88 and <= 0x8E, ..] => Indexed[index - 0x88],
            [_, 0x03, var a, var b, var c, ..] when isNamed => ((a - '0') * 100) + ((b - '0') * 10) + c - '0',
            [_, 0x82, 0x10, 0x03, ..] when isNamed => 201,
            _ => throw new NotSupportedException($"The head of the answer begins with {Convert.ToHexString(block[..Math.Min(16, block.Length)])}."),
        };
    }
}
