using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>The file of a blob while it is verified. One reader, one piece at a time: a thread is held for a piece and not for a layer.</summary>
public sealed class ScrubbedFile : IDisposable
{
    private const int PieceSize = 1024 * 1024;

    private readonly SafeFileHandle _handle;
    private readonly FileSystemLayout _layout;
    private readonly StorageThreads _threads;
    private readonly CheckedSync _sync;
    private readonly IncrementalHash _hash;
    private long _position;
    private bool _isDropped;

    internal ScrubbedFile(Digest digest, SafeFileHandle handle, FileSystemLayout layout, StorageThreads threads, CheckedSync sync)
    {
        Digest = digest;
        _handle = handle;
        _layout = layout;
        _threads = threads;
        _sync = sync;
        _hash = digest.Algorithm.CreateHash();
        Length = RandomAccess.GetLength(handle);

        // What is in memory is there because somebody reads it: it stays. On kernels that cannot tell, that costs its next reader a wait.
        _isDropped = OperatingSystem.IsLinux() && PageCache.FindWhole(handle, 0, Length) != true;
    }

    /// <summary>The digest that it should have.</summary>
    public Digest Digest { get; }

    /// <summary>Its size in bytes.</summary>
    public long Length { get; }

    /// <summary>Reads and hashes the next piece.</summary>
    /// <returns>How many bytes it had; 0 at the end of the file.</returns>
    /// <exception cref="StorageException">It cannot be read.</exception>
    public Task<int> ReadPieceAsync() => _threads.RunAsync(() =>
    {
        var piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            var count = RandomAccess.Read(_handle, piece.AsSpan(0, PieceSize), _position);
            _hash.AppendData(piece.AsSpan(0, count));
            _position += count;
            return count;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    });

    /// <summary>Whether what was read has the digest. Begins again at the first byte.</summary>
    public bool EndsWhole()
    {
        _position = 0;
        return Digest.FromHash(Digest.Algorithm, _hash.GetHashAndReset()) == Digest;
    }

    /// <summary>Has it read from the disk the next time, not from memory.</summary>
    public void DropFromMemory()
    {
        if (OperatingSystem.IsLinux())
        {
            PageCache.Drop(_handle);
            _isDropped = true;
        }
    }

    /// <summary>
    /// Moves the file out of the way, durably, unless it has been replaced or removed since it was opened. The caller holds the digest's lock.
    /// </summary>
    /// <returns>Where it is now; null when it was left alone.</returns>
    /// <exception cref="StorageException">It cannot be moved.</exception>
    public Task<string?> QuarantineAsync() => _threads.RunAsync(() =>
    {
        var path = _layout.BlobData(Digest);
        using var current = PlainFile.TryOpen(path, _layout.Blobs, out _);
        if (current is null || !IsSame(current))
        {
            return null;
        }

        var folder = _layout.QuarantineAlgorithm(Digest.Algorithm);
        PlainFile.CreateFolder(folder, _layout.Root);
        _sync.Directory(_layout.Quarantine);
        _sync.Directory(_layout.Root);
        var target = _layout.Quarantined(Digest);
        DurableFile.Rename(path, target);
        _sync.Directory(folder);
        _sync.Directory(_layout.BlobDirectory(Digest));
        RemoveIfEmpty(_layout.BlobDirectory(Digest));
        return target;
    });

    public void Dispose()
    {
        if (_isDropped)
        {
            DropFromMemory();
        }

        _hash.Dispose();
        _handle.Dispose();
    }

    // A folder without bytes would be counted by the collector. What somebody has put there beside them stays.
    private static void RemoveIfEmpty(string folder)
    {
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
        }
    }

    private bool IsSame(SafeFileHandle other) => OperatingSystem.IsLinux()
        ? Posix.IsSameFile(_handle, other)
        : File.GetLastWriteTimeUtc(_handle) == File.GetLastWriteTimeUtc(other) && RandomAccess.GetLength(_handle) == RandomAccess.GetLength(other);
}
