using Registry.Core.Oci;

namespace Registry.Storage.Files.Blobs;

/// <summary>
/// Serializes storing and removing the file of the same digest: the name of a file is used again. Readers take no lock. Digests share a fixed number of
/// locks, so that the memory does not grow with their number.
/// </summary>
internal sealed class DigestLocks
{
    private const int Stripes = 256;

    private readonly SemaphoreSlim[] _stripes = [.. Enumerable.Range(0, Stripes).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Waits for the lock of a digest; disposing the result releases it. Never hold two: they may be the same lock.</summary>
    public async ValueTask<IAsyncDisposable> AcquireAsync(Digest digest, CancellationToken cancellationToken = default)
    {
        var stripe = _stripes[IndexOf(digest)];
        await stripe.WaitAsync(cancellationToken);
        return new Holder(stripe);
    }

    /// <summary>Groups items whose digests have the same lock, so that each lock is taken once for all of them.</summary>
    public static IEnumerable<IReadOnlyList<T>> GroupByLock<T>(IEnumerable<T> items, Func<T, Digest> digestOf) =>
        items.GroupBy(item => IndexOf(digestOf(item))).Select(group => group.ToList());

    private static int IndexOf(Digest digest) => (digest.GetHashCode() & int.MaxValue) % Stripes;

    private sealed class Holder(SemaphoreSlim stripe) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            stripe.Release();
            return ValueTask.CompletedTask;
        }
    }
}
