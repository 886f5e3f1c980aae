namespace Registry.Storage.S3.Uploads;

/// <summary>Bytes in blocks of <see cref="UploadMemory"/>.</summary>
/// <param name="memory">The blocks.</param>
internal sealed class PartBuffer(UploadMemory memory) : IDisposable
{
    private readonly List<byte[]> _blocks = [];

    /// <summary>Number of bytes.</summary>
    public int Length { get; private set; }

    /// <summary>True if the next byte needs a block.</summary>
    public bool IsFull => Length == _blocks.Count * UploadMemory.BlockSize;

    /// <summary>Memory for the next bytes, after the last block.</summary>
    public Memory<byte> Free => IsFull ? Memory<byte>.Empty : _blocks[^1].AsMemory(Length % UploadMemory.BlockSize, UploadMemory.BlockSize - (Length % UploadMemory.BlockSize));

    /// <summary>The bytes, in their order.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Pieces =>
        [.. _blocks.Select((block, i) => (ReadOnlyMemory<byte>)block.AsMemory(0, Math.Min(UploadMemory.BlockSize, Length - (i * UploadMemory.BlockSize))))];

    /// <summary>Adds a block, which the buffer returns.</summary>
    public void Add(byte[] block) => _blocks.Add(block);

    /// <summary>Notes that bytes were written to <see cref="Free"/>.</summary>
    public void Advance(int count) => Length += count;

    /// <summary>Drops the bytes after a position, and returns their blocks.</summary>
    public void Truncate(int length)
    {
        var needed = (length + UploadMemory.BlockSize - 1) / UploadMemory.BlockSize;
        for (var i = _blocks.Count - 1; i >= needed; i--)
        {
            memory.Return(_blocks[i]);
            _blocks.RemoveAt(i);
        }

        Length = length;
    }

    /// <summary>The bytes in one array.</summary>
    public byte[] ToArray()
    {
        var content = new byte[Length];
        var position = 0;
        foreach (var piece in Pieces)
        {
            piece.CopyTo(content.AsMemory(position));
            position += piece.Length;
        }

        return content;
    }

    /// <inheritdoc/>
    public void Dispose() => Truncate(0);
}
