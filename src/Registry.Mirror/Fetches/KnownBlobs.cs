using Registry.Core.Caching;
using Registry.Core.Oci;
using Registry.Mirror.Configuration;
using Registry.Mirror.Upstreams;

namespace Registry.Mirror.Fetches;

/// <summary>Blobs that repositories of upstreams have, with their sizes: asked for once in the period of the checks, and once for all who wait.</summary>
/// <param name="time">The clock.</param>
/// <param name="stopping">Ends what no client waits for any more.</param>
internal sealed class KnownBlobs(TimeProvider time, CancellationToken stopping)
{
    private const int Most = 10_000;

    // A name and a digest.
    private const int EntrySize = 400;

    private readonly BoundedCache<(RepositoryName, Digest), Known> _known = new((long)Most * EntrySize, Most);
    private readonly SharedCalls<(RepositoryName, Digest), UpstreamResult<long>> _calls = new();

    /// <summary>Finds the size of a blob in bytes.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="name">The repository, which must have it there.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<UpstreamResult<long>> FindAsync(IUpstream upstream, MirroredName name, Digest digest, CancellationToken cancellationToken) =>
        Find(upstream, name, digest) is { } size
            ? Task.FromResult<UpstreamResult<long>>(size)
            : _calls.RunAsync((name.Local, digest), () => AskAsync(upstream, name, digest), cancellationToken);

    private long? Find(IUpstream upstream, MirroredName name, Digest digest) =>
        _known.Find((name.Local, digest)) is { } known && time.GetElapsedTime(known.At) < upstream.Settings.Check ? known.Size : null;

    private async Task<UpstreamResult<long>> AskAsync(IUpstream upstream, MirroredName name, Digest digest)
    {
        // Another call may have ended since.
        if (Find(upstream, name, digest) is { } known)
        {
            return known;
        }

        var found = await upstream.FindBlobAsync(name.Name.Value, digest, stopping);
        if (found.TryGet(out var size, out _))
        {
            _known.Set((name.Local, digest), new Known(size, time.GetTimestamp()), EntrySize);
        }

        return found;
    }

    private sealed record Known(long Size, long At);
}
