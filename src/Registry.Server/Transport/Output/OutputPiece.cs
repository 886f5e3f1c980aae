using System.Buffers;

namespace Registry.Server.Transport.Output;

/// <summary>Piece of output: a block of memory, or a range of a file.</summary>
internal readonly struct OutputPiece : IDisposable
{
    /// <summary>Largest number of pieces that leave with one system call.</summary>
    public const int MaxAtOnce = 16;

    private readonly IMemoryOwner<byte>? _block;
    private readonly int _length;

    public OutputPiece(IMemoryOwner<byte> block, int length)
    {
        _block = block;
        _length = length;
    }

    public OutputPiece(FileRange file) => File = file;

    /// <summary>Range of a file; null for memory.</summary>
    public FileRange? File { get; }

    /// <summary>Block of memory.</summary>
    public ReadOnlyMemory<byte> Memory => _block!.Memory[.._length];

    public void Dispose()
    {
        _block?.Dispose();
        File?.Release();
    }
}
