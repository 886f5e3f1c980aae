using System.Buffers;
using Registry.Core.Errors;
using Registry.Server.Memory;

namespace Registry.Server.Http;

/// <summary>Request body in memory. Its buffer is reserved until it is disposed, and grows with the bytes that have arrived.</summary>
internal sealed class HeldBody(MemoryReservation reservation) : IDisposable
{
    // Nearly all manifests fit.
    private const int FirstBuffer = 64 * 1024;

    private byte[] _buffer = [];
    private int _length;

    /// <summary>The received bytes.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>Copies received bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="most">Largest possible length of the whole body.</param>
    /// <param name="cancellationToken">Stops waiting for memory.</param>
    /// <returns>Null, or the error when there is no memory.</returns>
    public async ValueTask<RegistryError?> AppendAsync(ReadOnlySequence<byte> bytes, long most, CancellationToken cancellationToken)
    {
        var length = _length + (int)bytes.Length;
        if (length > _buffer.Length)
        {
            var capacity = (int)Math.Max(length, Math.Min(most, Math.Max(FirstBuffer, 2L * _buffer.Length)));
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
}
