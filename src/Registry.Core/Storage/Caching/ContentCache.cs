using Registry.Core.Oci;

namespace Registry.Core.Storage.Caching;

/// <summary>
/// Bytes as pulls read them, with small content in memory. Content never changes under its digest, and who may see it is the metadata's
/// business, so nothing here has to be invalidated by a push or a delete. Only what is right is kept: a size that is the expected one, bytes that
/// have their digest. It is looked at again after <see cref="Lifetime"/>, so for that long at most is answered for a file that somebody has
/// damaged or removed behind the registry's back; and at once when the verifier has found that (<see cref="Forget"/>).
/// </summary>
/// <remarks>
/// Whoever writes or deletes asks the <see cref="IBlobStore"/> itself, since that must know what is on the disk at the moment.
/// An answer is kept as the finished task that it is given as, so giving it again allocates nothing.
/// </remarks>
/// <param name="blobs">The bytes.</param>
/// <param name="time">The clock.</param>
/// <param name="maxBytes">The most that everything kept may weigh together.</param>
public sealed class ContentCache(IBlobStore blobs, TimeProvider time, long maxBytes)
{
    /// <summary>How long an answer is given without looking at the storage again.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(10);

    // What an entry takes beside its content.
    private const int Overhead = 800;

    // The lightest entry weighs some hundred bytes: this many would not fit into any sensible number of bytes.
    private const int MaxEntries = 65_536;

    private readonly BoundedCache<Digest, Entry> _cache = new(maxBytes, MaxEntries);
    private long _epoch;

    /// <summary>What everything kept weighs, in bytes.</summary>
    public long Bytes => _cache.Bytes;

    /// <summary>The size in bytes; null when the bytes are not here.</summary>
    /// <param name="digest">The content.</param>
    /// <param name="expected">What the size should be.</param>
    public Task<long?> StatAsync(Digest digest, long expected) =>
        FindFresh(digest) is { } entry && entry.Length == expected ? entry.Size : LoadSizeAsync(digest, expected);

    /// <summary>The bytes, in memory or open for reading; null when they are not here. The caller disposes the result.</summary>
    public Task<BlobContent?> OpenAsync(Digest digest) => FindFresh(digest)?.Content ?? LoadContentAsync(digest);

    /// <summary>The bytes in memory, whatever their size; null when they are not here.</summary>
    /// <param name="digest">The content.</param>
    /// <param name="expected">What the size should be.</param>
    public Task<byte[]?> ReadAsync(Digest digest, long expected) =>
        FindFresh(digest)?.Bytes ?? (expected > BlobContent.MaxInMemory ? LoadLargeAsync(digest) : LoadBytesAsync(digest));

    /// <summary>Has everything looked at again before it is answered: bytes have gone. That is rare, so nobody minds that it is all.</summary>
    public void Forget() => Interlocked.Increment(ref _epoch);

    private Entry? FindFresh(Digest digest)
    {
        var fresh = _cache.Find(digest) is { } entry && entry.Epoch == Volatile.Read(ref _epoch) && time.GetElapsedTime(entry.LookedAt) < Lifetime
            ? entry
            : null;
        StorageMetrics.LookedUpContent(isHit: fresh is not null);
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

    private async Task<BlobContent?> LoadContentAsync(Digest digest)
    {
        var (epoch, lookedAt) = (Volatile.Read(ref _epoch), time.GetTimestamp());
        var asked = blobs.OpenAsync(digest);
        var content = await asked;
        if (content?.Bytes is { } bytes && digest.Algorithm.Compute(bytes) == digest)
        {
            var entry = new Entry(epoch, lookedAt, bytes.Length, Task.FromResult<long?>(bytes.Length))
            {
                Content = asked,
                Bytes = Task.FromResult<byte[]?>(bytes),
            };
            _cache.Set(digest, entry, Overhead + bytes.Length);
        }

        return content;
    }

    private async Task<byte[]?> LoadBytesAsync(Digest digest)
    {
        using var content = await LoadContentAsync(digest);
        return content is null ? null : content.Bytes ?? await blobs.ReadAsync(digest);
    }

    // Content that opening would not read. It may take an eighth of the cache, so that a few such do not push out everything else.
    private async Task<byte[]?> LoadLargeAsync(Digest digest)
    {
        var (epoch, lookedAt) = (Volatile.Read(ref _epoch), time.GetTimestamp());
        var asked = blobs.ReadAsync(digest);
        var bytes = await asked;
        if (bytes?.Length <= maxBytes / 8 && digest.Algorithm.Compute(bytes) == digest)
        {
            var entry = new Entry(epoch, lookedAt, bytes.Length, Task.FromResult<long?>(bytes.Length)) { Bytes = asked };
            _cache.Set(digest, entry, Overhead + bytes.Length);
        }

        return bytes;
    }

    private sealed record Entry(long Epoch, long LookedAt, long Length, Task<long?> Size)
    {
        public Task<BlobContent?>? Content { get; init; }

        public Task<byte[]?>? Bytes { get; init; }
    }
}
