using Registry.Core.Oci;

namespace Registry.Core.Blobs;

/// <summary>
/// Serializes storing and removing the bytes of the same digest. Readers take no lock. Digests share a fixed number of locks, so that the memory
/// does not grow with their number.
/// </summary>
public sealed class DigestLocks
{
    private const int Stripes = 256;

    private readonly SemaphoreSlim[] _stripes = [.. Enumerable.Range(0, Stripes).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Waits for the lock of a digest; disposing the result releases it. Never hold two: they may be the same lock.</summary>
    public async Task<Holder> AcquireAsync(Digest digest, CancellationToken cancellationToken = default)
    {
        var stripe = _stripes[IndexOf(digest)];
        await stripe.WaitAsync(cancellationToken);
        return new Holder(stripe);
    }

    /// <summary>Groups items whose digests have the same lock, so that each lock is taken once for all of them.</summary>
    public static IEnumerable<IReadOnlyList<T>> GroupByLock<T>(IEnumerable<T> items, Func<T, Digest> digestOf) =>
        items.GroupBy(item => IndexOf(digestOf(item))).Select(group => group.ToList());

    private static int IndexOf(Digest digest) => (digest.GetHashCode() & int.MaxValue) % Stripes;

    /// <summary>Ownership of a digest's lock.</summary>
    public readonly struct Holder(SemaphoreSlim stripe) : IDisposable, IEquatable<Holder>
    {
        private readonly SemaphoreSlim _stripe = stripe;

        public static bool operator ==(Holder left, Holder right) => left.Equals(right);

        public static bool operator !=(Holder left, Holder right) => !left.Equals(right);

        public void Dispose() => _stripe.Release();

        public bool Equals(Holder other) => ReferenceEquals(_stripe, other._stripe);

        public override bool Equals(object? obj) => obj is Holder other && Equals(other);

        public override int GetHashCode() => _stripe.GetHashCode();
    }
}
