using Microsoft.Win32.SafeHandles;

namespace Registry.Core.Storage;

/// <summary>
/// The open bytes of a blob. They stay readable until this is disposed, even when the blob is deleted meanwhile.
/// </summary>
public sealed class BlobContent(SafeFileHandle handle, string path, long length) : IDisposable
{
    /// <summary>The open file.</summary>
    public SafeFileHandle Handle { get; } = handle;

    /// <summary>Where they are. The path is gone when the blob is deleted; the open file is not.</summary>
    public string Path { get; } = path;

    /// <summary>The size in bytes.</summary>
    public long Length { get; } = length;

    public void Dispose() => Handle.Dispose();
}
