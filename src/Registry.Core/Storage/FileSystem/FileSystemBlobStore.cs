using Microsoft.Win32.SafeHandles;
using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>Blobs as files in the tree of <see cref="FileSystemLayout"/>.</summary>
internal sealed class FileSystemBlobStore(
    FileSystemLayout layout, StorageThreads threads, BlobPlacement placement, CheckedSync sync, StorageHealth health) : IBlobStore
{
    public Task<long?> StatAsync(Digest digest) => threads.RunAsync(() =>
    {
        var file = new FileInfo(layout.BlobData(digest));
        return file.Exists ? (long?)file.Length : null;
    });

    public Task<BlobContent?> OpenAsync(Digest digest) => threads.RunAsync(() =>
    {
        var path = layout.BlobData(digest);
        if (TryOpen(path) is not { } handle)
        {
            return null;
        }

        var length = RandomAccess.GetLength(handle);
        if (length > BlobContent.MaxInMemory)
        {
            return new BlobContent(handle, path, length);
        }

        using (handle)
        {
            return new BlobContent(Read(handle, (int)length));
        }
    });

    public Task<byte[]?> ReadAsync(Digest digest) => threads.RunAsync(() =>
    {
        using var handle = TryOpen(layout.BlobData(digest));
        return handle is null ? null : Read(handle, checked((int)RandomAccess.GetLength(handle)));
    });

    public Task PutAsync(Digest digest, ReadOnlyMemory<byte> content)
    {
        health.ThrowIfClosed();
        return threads.RunAsync(() =>
        {
            var temporary = layout.TemporaryFile(Guid.NewGuid());
            try
            {
                using var handle = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Delete);
                RandomAccess.Write(handle, content.Span, 0);
                placement.Place(handle, temporary, digest);
            }
            catch
            {
                File.Delete(temporary);
                throw;
            }
        });
    }

    public Task<bool> DeleteAsync(Digest digest) => threads.RunAsync(() =>
    {
        var directory = layout.BlobDirectory(digest);
        if (!Directory.Exists(directory))
        {
            return false;
        }

        Directory.Delete(directory, recursive: true);
        sync.Directory(layout.BlobShard(digest));
        return true;
    });

    public IEnumerable<Digest> Enumerate()
    {
        foreach (var algorithm in DigestAlgorithm.All)
        {
            var folder = layout.BlobAlgorithm(algorithm);
            if (!Directory.Exists(folder))
            {
                continue;
            }

            foreach (var directory in Directory.EnumerateDirectories(folder).SelectMany(Directory.EnumerateDirectories))
            {
                if (Digest.TryParse($"{algorithm.Name}:{Path.GetFileName(directory)}", out var digest) && File.Exists(layout.BlobData(digest)))
                {
                    yield return digest;
                }
            }
        }
    }

    private static byte[] Read(SafeFileHandle handle, int length)
    {
        var content = new byte[length];
        var read = 0;
        while (read < content.Length)
        {
            var count = RandomAccess.Read(handle, content.AsSpan(read), read);
            if (count == 0)
            {
                return content[..read];
            }

            read += count;
        }

        return content;
    }

    private static SafeFileHandle? TryOpen(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
