using Microsoft.Win32.SafeHandles;

namespace Registry.Core.Blobs;

/// <summary>
/// Bytes of a blob: small ones in memory, others in an open file. They stay readable until this is disposed, even if the blob is deleted
/// meanwhile.
/// </summary>
public sealed class BlobContent : IDisposable
{
    private readonly SafeFileHandle? _handle;

    /// <summary>Creates content in an open file.</summary>
    public BlobContent(SafeFileHandle handle, long length)
    {
        _handle = handle;
        Length = length;
    }

    /// <summary>Creates content in memory. The array must not change.</summary>
    public BlobContent(byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        Bytes = bytes;
        Length = bytes.Length;
    }

    /// <summary>
    /// Size of the largest content that is read into memory, in bytes. Up to it, copying costs less than opening the file a second time for
    /// sending, and the array is still an ordinary object to the garbage collector.
    /// </summary>
    public const int MaxInMemory = 64 * 1024;

    /// <summary>The bytes if they are in memory; null if they are in a file.</summary>
    public byte[]? Bytes { get; }

    /// <summary>The open file.</summary>
    /// <exception cref="InvalidOperationException">The bytes are in memory.</exception>
    public SafeFileHandle Handle => _handle ?? throw new InvalidOperationException("The bytes are in memory.");

    /// <summary>Size in bytes.</summary>
    public long Length { get; }

    public void Dispose() => _handle?.Dispose();
}
