using System.Buffers;
using Registry.Core.Errors;
using Registry.Server.Memory;

namespace Registry.Server.Http.Bodies;

/// <summary>Request body in memory. Its buffer is reserved until it is disposed.</summary>
/// <remarks>
/// The buffer begins small and then has the announced length at once: a body that grew step by step would hold memory while it waits for more, and many
/// such bodies would keep each other waiting.
/// </remarks>
/// <param name="reservation">Memory of the body.</param>
/// <param name="limit">Size of the largest accepted body, in bytes.</param>
internal sealed class HeldBody(MemoryReservation reservation, long limit) : IDisposable
{
    // Nearly all manifests fit. An announced length up to this is taken as it is.
    private const int Usual = 64 * 1024;

    // Announcing costs a client nothing. Sending this much shows that it means to send the rest.
    private const int Proof = 16 * 1024;

    private byte[] _buffer = [];
    private int _length;

    /// <summary>The received bytes.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>Copies received bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="whole">Length of the whole body; null while it is unknown.</param>
    /// <param name="cancellationToken">Stops waiting for memory.</param>
    /// <returns>Null, or the error when there is no memory.</returns>
    public async ValueTask<RegistryError?> AppendAsync(ReadOnlySequence<byte> bytes, long? whole, CancellationToken cancellationToken)
    {
        var length = _length + (int)bytes.Length;
        if (length > _buffer.Length)
        {
            var capacity = (int)Capacity(length, whole);
            if (await reservation.AddAsync(capacity, cancellationToken) is { } refused)
            {
                return refused;
            }

            var larger = GC.AllocateUninitializedArray<byte>(capacity);
            Bytes.CopyTo(larger);
            _buffer = larger;
            reservation.ShrinkTo(capacity);
        }

        bytes.CopyTo(_buffer.AsSpan(_length));
        _length = length;
        return null;
    }

    public void Dispose() => reservation.Dispose();

    private long Capacity(int length, long? whole) => whole switch
    {
        null => Math.Max(length, Math.Min(limit, Math.Max(Usual, 2L * _buffer.Length))),
        > Usual when length <= Proof => Proof,
        _ => Math.Max(length, whole.Value),
    };
}
