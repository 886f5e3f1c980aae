using System.Buffers;

namespace Registry.Server.Transport;

/// <summary>Something to send: a block of memory, or a part of a file.</summary>
internal readonly struct OutputPiece : IDisposable
{
    private readonly IMemoryOwner<byte>? _block;
    private readonly int _length;

    public OutputPiece(IMemoryOwner<byte> block, int length)
    {
        _block = block;
        _length = length;
    }

    public OutputPiece(FileRange file) => File = file;

    /// <summary>The file; null for memory.</summary>
    public FileRange? File { get; }

    /// <summary>The memory.</summary>
    public ReadOnlyMemory<byte> Memory => _block!.Memory[.._length];

    public void Dispose()
    {
        _block?.Dispose();
        File?.Release();
    }
}
