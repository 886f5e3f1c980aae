using Microsoft.Win32.SafeHandles;

namespace Registry.Core.Storage;

/// <summary>
/// The bytes of a blob: small ones in memory, others in an open file. They stay readable until this is disposed, even when the blob is deleted
/// meanwhile.
/// </summary>
public sealed class BlobContent : IDisposable
{
    private readonly SafeFileHandle? _handle;

    /// <summary>Bytes in an open file.</summary>
    public BlobContent(SafeFileHandle handle, long length)
    {
        _handle = handle;
        Length = length;
    }

    /// <summary>Bytes in memory, which nobody changes.</summary>
    public BlobContent(byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        Bytes = bytes;
        Length = bytes.Length;
    }

    /// <summary>
    /// The most that is read into memory, in bytes. Up to here, copying costs less than opening the file a second time and having it sent;
    /// and an array of this size is still an ordinary object to the garbage collector.
    /// </summary>
    public const int MaxInMemory = 64 * 1024;

    /// <summary>The bytes, when they are in memory; null when they are in a file.</summary>
    public byte[]? Bytes { get; }

    /// <summary>The open file.</summary>
    /// <exception cref="InvalidOperationException">The bytes are in memory.</exception>
    public SafeFileHandle Handle => _handle ?? throw new InvalidOperationException("The bytes are in memory.");

    /// <summary>The size in bytes.</summary>
    public long Length { get; }

    public void Dispose() => _handle?.Dispose();
}
