using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Verification;
using Registry.Files;

namespace Registry.Storage.Files.Blobs;

/// <summary>File of a blob during verification. One reader reads one part at a time: it holds a thread for a part, not for a layer.</summary>
internal sealed class ScrubbedFile : IScrubbedBlob
{
    private const int PieceSize = 1024 * 1024;

    private readonly SafeFileHandle _handle;
    private readonly DataPaths _paths;
    private readonly StorageThreads _threads;
    private readonly CheckedSync _sync;
    private readonly IncrementalHash _hash;
    private long _position;
    private bool _isDropped;

    internal ScrubbedFile(Digest digest, SafeFileHandle handle, DataPaths paths, StorageThreads threads, CheckedSync sync)
    {
        Digest = digest;
        _handle = handle;
        _paths = paths;
        _threads = threads;
        _sync = sync;
        _hash = digest.Algorithm.CreateHash();
        Length = FileLength.Read(handle);

        // Pages in memory are there because other readers use them, so they stay. If the kernel cannot tell, their next reader waits for the disk.
        _isDropped = OperatingSystem.IsLinux() && PageCache.FindWhole(handle, 0, Length) != true;
    }

    public Digest Digest { get; }

    public BlobPlace Place => Digest;

    public long Length { get; }

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

    public bool EndsWhole()
    {
        _position = 0;
        return Digest.FromHash(Digest.Algorithm, _hash.GetHashAndReset()) == Digest;
    }

    public void DropFromMemory()
    {
        if (OperatingSystem.IsLinux())
        {
            PageCache.Drop(_handle);
            _isDropped = true;
        }
    }

    public Task<string?> QuarantineAsync() => _threads.RunAsync(() =>
    {
        var path = _paths.BlobData(Digest);
        using var current = PlainFile.TryOpen(path, _paths.Blobs, out _);
        if (current is null || !PlainFile.IsSame(_handle, current))
        {
            return null;
        }

        var folder = QuarantineFolder.Ensure(_paths, Digest.Algorithm, _sync);
        var target = _paths.Quarantined(Digest);
        DurableFile.Rename(path, target);
        _sync.Directory(folder);
        _sync.Directory(_paths.BlobDirectory(Digest));
        RemoveIfEmpty(_paths.BlobDirectory(Digest));
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

    // The collector would count a folder without bytes. Other files in it stay.
    private static void RemoveIfEmpty(string folder)
    {
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
        }
    }
}
