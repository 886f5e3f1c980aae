using Microsoft.Win32.SafeHandles;

namespace Registry.Server.Memory;

/// <summary>A file in which the kernel describes its state. It stays open, so that it can be read when the process has no descriptor left.</summary>
internal sealed class KernelFile
{
    private readonly SafeFileHandle _file;

    private KernelFile(SafeFileHandle file) => _file = file;

    /// <summary>Opens a file; null on a system or in a container that does not have it.</summary>
    public static KernelFile? TryOpen(string path)
    {
        try
        {
            return new KernelFile(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads its content, which the kernel makes anew for each read from the beginning.</summary>
    /// <param name="buffer">Receives it; what does not fit is cut off.</param>
    /// <returns>The content; empty when it cannot be read now.</returns>
    public ReadOnlySpan<byte> Read(Span<byte> buffer)
    {
        try
        {
            return buffer[..RandomAccess.Read(_file, buffer, 0)];
        }
        catch (IOException)
        {
            return [];
        }
    }
}
