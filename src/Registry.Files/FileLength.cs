using Microsoft.Win32.SafeHandles;

namespace Registry.Files;

/// <summary>
/// Length of an open regular file. .NET asks the file system once whether a file has positions. One that has failed, such as XFS after an error of its disk, answers
/// with an error, which .NET takes for a no: it then throws <see cref="NotSupportedException"/>, as for a pipe, which no caller takes for a fault of the disk.
/// </summary>
public static class FileLength
{
    /// <summary>Reads the length in bytes.</summary>
    /// <exception cref="IOException">The file system has failed.</exception>
    public static long Read(SafeFileHandle file)
    {
        try
        {
#pragma warning disable RS0030 // Here, its exception is translated.
            return RandomAccess.GetLength(file);
#pragma warning restore RS0030
        }
        catch (NotSupportedException)
        {
            throw IoFault.OfDisk();
        }
    }

    /// <summary>
    /// Reads the number of bytes at the beginning that were written. It is less than the length after a power cut of a file system that had stored the length, but
    /// not yet the bytes, as ext4 does: they would be read as zeros.
    /// </summary>
    /// <exception cref="IOException">The file system has failed.</exception>
    public static long ReadWritten(SafeFileHandle file)
    {
        var length = Read(file);
        return length > 0 && OperatingSystem.IsLinux() ? Math.Min(length, Posix.FindHole(file)) : length;
    }

    /// <summary>Sets the length in bytes.</summary>
    /// <exception cref="IOException">The file system has failed, or is full.</exception>
    public static void Set(SafeFileHandle file, long length)
    {
        try
        {
#pragma warning disable RS0030 // Here, its exception is translated.
            RandomAccess.SetLength(file, length);
#pragma warning restore RS0030
        }
        catch (NotSupportedException)
        {
            throw IoFault.OfDisk();
        }
    }
}
