using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>
/// Keeps those apart who bring the bytes of a digest and those who remove them. Readers never take part. Digests share a fixed number
/// of locks, so holding one says nothing about memory.
/// </summary>
public sealed class DigestLocks
{
    private const int Stripes = 256;

    private readonly SemaphoreSlim[] _stripes = [.. Enumerable.Range(0, Stripes).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Waits for the digest; disposing the result lets the next one in. Never hold two: they may be the same lock.</summary>
    public async Task<Holder> AcquireAsync(Digest digest, CancellationToken cancellationToken = default)
    {
        var stripe = _stripes[(digest.GetHashCode() & int.MaxValue) % Stripes];
        await stripe.WaitAsync(cancellationToken);
        return new Holder(stripe);
    }

    /// <summary>The right to act on a digest's bytes.</summary>
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
