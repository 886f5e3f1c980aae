using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Caching;

/// <summary>
/// Content for pulls, with small content in memory. Content never changes under its digest, and the metadata decides which repositories may see it,
/// so a push or a delete invalidates nothing here. Only correct results are cached: an expected size, and bytes that match their digest. The
/// storage is read again after <see cref="Lifetime"/>, so a file that was damaged or removed outside of the registry is served at most that much
/// longer; and at once when the verifier has found the damage (<see cref="Forget"/>).
/// </summary>
/// <remarks>
/// Code that writes or deletes uses the <see cref="IBlobStore"/> itself, since it needs the current state of the disk.
/// The cache keeps bytes, never sources: each caller gets a source of its own.
/// </remarks>
/// <param name="blobs">Store of the bytes.</param>
/// <param name="time">The clock.</param>
/// <param name="maxBytes">Limit on the weight of all cached results.</param>
/// <param name="metrics">Metrics; null for none.</param>
public sealed class ContentCache(IBlobStore blobs, TimeProvider time, long maxBytes, StorageMetrics? metrics = null) : IBlobReader
{
    /// <summary>Time for which a result is used without reading the storage again.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(10);

    // Size of an entry without its content.
    private const int Overhead = 800;

    // The smallest entry takes some hundred bytes: this many would exceed any sensible limit in bytes.
    private const int MaxEntries = 65_536;

    private readonly BoundedCache<Digest, Entry> _cache = new(maxBytes, MaxEntries);
    private long _epoch;

    /// <summary>Weight of all cached results, in bytes.</summary>
    public long Bytes => _cache.Bytes;

    public ValueTask<long?> StatAsync(BlobPlace place, long expected, CancellationToken cancellationToken = default) =>
        FindFresh(place) is { } entry && entry.Length == expected
            ? ValueTask.FromResult<long?>(expected)
            : LoadSizeAsync(place, expected, cancellationToken);

    public ValueTask<BlobSource?> OpenAsync(BlobPlace place, CancellationToken cancellationToken = default) =>
        FindFresh(place)?.Content is { } content
            ? ValueTask.FromResult<BlobSource?>(new MemorySource(content))
            : LoadContentAsync(place, cancellationToken);

    public ValueTask<BlobSource?> OpenForClientAsync(BlobPlace place, long expected, CancellationToken cancellationToken = default) =>
        OpenAsync(place, cancellationToken);

    /// <summary>Invalidates all results, because bytes were lost. That is rare, so it need not be selective.</summary>
    public void Forget() => Interlocked.Increment(ref _epoch);

    private Entry? FindFresh(BlobPlace place)
    {
        var fresh = place.Digest is { } digest
            && _cache.Find(digest) is { } entry
            && entry.Epoch == Volatile.Read(ref _epoch)
            && time.GetElapsedTime(entry.LookedAt) < Lifetime
            ? entry
            : null;
        metrics?.LookedUpContent(isHit: fresh is not null);
        return fresh;
    }

    private async ValueTask<long?> LoadSizeAsync(BlobPlace place, long expected, CancellationToken cancellationToken)
    {
        var (epoch, lookedAt) = (Volatile.Read(ref _epoch), time.GetTimestamp());
        var size = await blobs.StatAsync(place, cancellationToken);
        if (size == expected && place.Digest is { } digest)
        {
            _cache.Set(digest, new Entry(epoch, lookedAt, expected, null), Overhead);
        }

        return size;
    }

    private async ValueTask<BlobSource?> LoadContentAsync(BlobPlace place, CancellationToken cancellationToken)
    {
        var (epoch, lookedAt) = (Volatile.Read(ref _epoch), time.GetTimestamp());
        var source = await blobs.OpenAsync(place, cancellationToken);
        if (place.Digest is { } digest && source is MemorySource { Content: var content } && digest.Algorithm.Compute(content) == digest)
        {
            _cache.Set(digest, new Entry(epoch, lookedAt, content.Length, content), Overhead + content.Length);
        }

        return source;
    }

    private sealed record Entry(long Epoch, long LookedAt, long Length, byte[]? Content);
}
