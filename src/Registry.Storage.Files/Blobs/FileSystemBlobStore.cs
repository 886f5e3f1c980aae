using System.Runtime.CompilerServices;
using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Storage.Files.Space;

namespace Registry.Storage.Files.Blobs;

/// <summary>Stores blobs as files in the tree of <see cref="DataPaths"/>. The place of a blob is its digest.</summary>
internal sealed class FileSystemBlobStore(
    DataPaths paths, StorageThreads threads, BlobPlacement placement, DigestLocks locks, CheckedSync sync, Admission admission) : IBlobStore
{
    private readonly BlobRemoval _removal = new(paths, sync);

    public ValueTask<long?> StatAsync(BlobPlace place, CancellationToken cancellationToken = default)
    {
        var digest = DigestOf(place);
        return new(threads.RunCancellableAsync(
            () => PlainFile.Find(paths.BlobData(digest), paths.Blobs, out var size) == EntryKind.File ? size : (long?)null, cancellationToken));
    }

    public ValueTask<BlobSource?> OpenAsync(BlobPlace place, CancellationToken cancellationToken = default)
    {
        var digest = DigestOf(place);
        return new(threads.RunCancellableAsync(() => Open(digest), cancellationToken));
    }

    public Task<BlobPlace> PutAsync(Digest digest, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        threads.RunCancellableAsync<BlobPlace>(() =>
        {
            admission.EnsureRoom();
            var temporary = paths.TemporaryFile(Guid.NewGuid());
            try
            {
                using var handle = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Delete);
                FileOwner.Inherit(handle, temporary);
                RandomAccess.Write(handle, content.Span, 0);
                placement.Place(handle, temporary, digest);
                return digest;
            }
            catch
            {
                File.Delete(temporary);
                throw;
            }
        }, cancellationToken);

    public Task DeleteAsync(IReadOnlyList<BlobPlace> places, CancellationToken cancellationToken = default)
    {
        var digests = places.Select(DigestOf).ToList();
        return threads.RunCancellableAsync(() => _removal.Remove(digests), cancellationToken);
    }

    public async IAsyncEnumerable<BlobPlace> ListAsync(
        BlobPlace? after = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var shard in await threads.RunCancellableAsync(() => BlobPlaces.Shards(paths, after?.Digest), cancellationToken))
        {
            foreach (var digest in await threads.RunCancellableAsync(() => BlobPlaces.Digests(shard, after?.Digest), cancellationToken))
            {
                yield return digest;
            }
        }
    }

    public ValueTask<IDisposable?> TryBeginRemovalAsync(CancellationToken cancellationToken = default) =>
        new(threads.RunCancellableAsync(() => RemovalLock.TryTake(paths), cancellationToken));

    public ValueTask<IAsyncDisposable> FenceAsync(Digest digest, CancellationToken cancellationToken = default) => locks.AcquireAsync(digest, cancellationToken);

    private static Digest DigestOf(BlobPlace place) =>
        place.Digest ?? throw new ArgumentException("A store of files finds bytes by their digest.", nameof(place));

    private BlobSource? Open(Digest digest)
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
    }
}
