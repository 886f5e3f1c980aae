using Microsoft.Win32.SafeHandles;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Storage.Files.Space;

namespace Registry.Storage.Files.Uploads;

/// <summary>
/// Local folder for copies of what is uploaded to an engine that cannot read what it has received, so that others read it meanwhile (<see cref="IUploadBytes.OpenFollowed"/>). A file has no name
/// as soon as it is open, so that nothing is left of a process that was killed.
/// </summary>
/// <param name="folder">The folder, which the first copy creates.</param>
/// <param name="threads">Threads that wait for the disk.</param>
/// <param name="time">The clock.</param>
public sealed class Spool(string folder, StorageThreads threads, TimeProvider time)
{
    private DiskReserve? _reserve;

    /// <summary>Opens an upload with a copy.</summary>
    /// <param name="content">The upload, which the result disposes.</param>
    public IFollowedContent Follow(IUploadContent content) => new SpooledContent(content, this, threads);

    /// <summary>Creates a file for a copy. Blocks.</summary>
    /// <exception cref="IOException">The folder cannot be used, or its disk is full up to its reserve.</exception>
    internal SafeFileHandle Create()
    {
        Directory.CreateDirectory(folder);
        _reserve ??= new DiskReserve(folder, reserve: null, time);
        EnsureRoom();
        var path = Path.Combine(folder, $"{Guid.NewGuid():N}.fetch");
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            File.Delete(path);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Refuses while the disk is full up to its reserve. Blocks.</summary>
    /// <exception cref="IOException">It is.</exception>
    internal void EnsureRoom()
    {
        if (_reserve!.Ask() is { } refusal)
        {
            throw new IOException(refusal);
        }
    }
}
