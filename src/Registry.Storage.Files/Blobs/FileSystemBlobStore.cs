using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Storage.Files.Blobs;

/// <summary>Stores blobs as files in the tree of <see cref="DataPaths"/>.</summary>
internal sealed class FileSystemBlobStore(
    DataPaths paths, StorageThreads threads, BlobPlacement placement, CheckedSync sync, Admission admission) : IBlobStore
{
    public Task<long?> StatAsync(Digest digest) => threads.RunAsync(() => Find(digest, out var size) ? (long?)size : null);

    public Task<BlobSource?> OpenAsync(Digest digest) => threads.RunAsync<BlobSource?>(() =>
    {
        if (PlainFile.TryOpen(paths.BlobData(digest), paths.Blobs, out var length) is not { } handle)
        {
            return null;
        }

        if (length > BlobSource.MaxInMemory)
        {
            return new FileSource(handle, length, threads);
        }

        using (handle)
        {
            return new MemorySource(PlainFile.Read(handle, (int)length));
        }
    });

    public Task PutAsync(Digest digest, ReadOnlyMemory<byte> content) => threads.RunAsync(() =>
    {
        admission.EnsureRoom();
        var temporary = paths.TemporaryFile(Guid.NewGuid());
        try
        {
            using var handle = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Delete);
            FileOwner.Inherit(handle, temporary);
            RandomAccess.Write(handle, content.Span, 0);
            placement.Place(handle, temporary, digest);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    });

    public Task<bool> DeleteAsync(Digest digest) => threads.RunAsync(() =>
    {
        if (!PlainFile.DeleteFolder(paths.BlobDirectory(digest), paths.Blobs))
        {
            return false;
        }

        sync.Directory(paths.BlobShard(digest));
        return true;
    });

    public Task<IDisposable?> TryBeginRemovalAsync() => threads.RunAsync(() => RemovalLock.TryTake(paths));

    public IEnumerable<Digest> EnumeratePlaces() => BlobPlaces.Enumerate(paths);

    private bool Find(Digest digest, out long size) =>
        PlainFile.Find(paths.BlobData(digest), paths.Blobs, out size) == EntryKind.File;
}
