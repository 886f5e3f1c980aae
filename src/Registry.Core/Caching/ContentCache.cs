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
/// A result is cached as the finished task that callers get, so returning it again allocates nothing.
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

    public Task<long?> StatAsync(Digest digest, long expected) =>
        FindFresh(digest) is { } entry && entry.Length == expected ? entry.Size : LoadSizeAsync(digest, expected);

    public Task<BlobSource?> OpenAsync(Digest digest) => FindFresh(digest)?.Content ?? LoadContentAsync(digest);

    /// <summary>Invalidates all results, because bytes were lost. That is rare, so it need not be selective.</summary>
    public void Forget() => Interlocked.Increment(ref _epoch);

    private Entry? FindFresh(Digest digest)
    {
        var fresh = _cache.Find(digest) is { } entry && entry.Epoch == Volatile.Read(ref _epoch) && time.GetElapsedTime(entry.LookedAt) < Lifetime
            ? entry
            : null;
        metrics?.LookedUpContent(isHit: fresh is not null);
        return fresh;
    }

    private async Task<long?> LoadSizeAsync(Digest digest, long expected)
    {
        var (epoch, lookedAt) = (Volatile.Read(ref _epoch), time.GetTimestamp());
        var asked = blobs.StatAsync(digest);
        var size = await asked;
        if (size == expected)
        {
            _cache.Set(digest, new Entry(epoch, lookedAt, expected, asked), Overhead);
        }

        return size;
    }

    private async Task<BlobSource?> LoadContentAsync(Digest digest)
    {
        var (epoch, lookedAt) = (Volatile.Read(ref _epoch), time.GetTimestamp());
        var asked = blobs.OpenAsync(digest);
        var content = await asked;
        if (content is not null && content.TryGetMemory(out var bytes) && digest.Algorithm.Compute(bytes.Span) == digest)
        {
            var entry = new Entry(epoch, lookedAt, bytes.Length, Task.FromResult<long?>(bytes.Length))
            {
                Content = asked,
            };
            _cache.Set(digest, entry, Overhead + bytes.Length);
        }

        return content;
    }

    private sealed record Entry(long Epoch, long LookedAt, long Length, Task<long?> Size)
    {
        public Task<BlobSource?>? Content { get; init; }
    }
}
