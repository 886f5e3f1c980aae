using System.Buffers;
using System.IO.Pipelines;
using Registry.Core.Errors;
using Registry.Server.Memory;

namespace Registry.Server.Requests;

/// <summary>
/// Request body that counts its bytes, since a chunked body has no length before its end. Reading fails when <see cref="BodyWatch"/> finds
/// that the client is slow or has stopped sending, and when the memory of the body is needed for other clients.
/// </summary>
/// <param name="inner">The body.</param>
/// <param name="watch">Checks the rate of the body; null for none.</param>
/// <param name="stream">Memory of its stream of HTTP/2, which gives way while the client sends nothing; null for none.</param>
/// <param name="received">Counts the bytes; null for none.</param>
internal sealed class CountingReader(PipeReader inner, BodyWatch? watch, MemoryReservation? stream = null, Action<long>? received = null) : PipeReader
{
    private static readonly RegistryError GaveWay =
        new(RegistryErrorCode.MemoryShareUsed, "the body did not arrive at once, and the memory of its stream was needed for other clients");

    private readonly Lock _stopping = new();
    private ReadOnlySequence<byte> _seen;
    private bool _isWatched;
    private bool _hasEnded;
    private volatile bool _isWaiting;
    private volatile RegistryError? _fault;
    private Action? _giveWay;
    private long _consumed;
    private long _arrived;
    private long _arrivedBefore;

    /// <summary>Longest time from the first wait for the client to the end of the body; null for no limit.</summary>
    public TimeSpan? MaxTime { get; set; }

    /// <summary>Number of consumed bytes.</summary>
    public long Consumed => Interlocked.Read(ref _consumed);

    /// <summary>Number of bytes that the reader has seen, including those not consumed before the body broke off.</summary>
    public long Arrived => Interlocked.Read(ref _arrived);

    /// <summary>True when reading has begun.</summary>
    public bool IsBegun { get; private set; }

    /// <summary>True when the end of the body was reached.</summary>
    public bool IsCompleted { get; private set; }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!_seen.IsEmpty)
        {
            var taken = _seen.Slice(0, consumed).Length;
            Interlocked.Add(ref _consumed, taken);
            received?.Invoke(taken);
            _seen = default;
        }

        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override bool TryRead(out ReadResult result)
    {
        IsBegun = true;
        var hasRead = inner.TryRead(out result);
        See(result);
        return hasRead;
    }

    /// <inheritdoc/>
    /// <remarks>A cancelled read asks the caller to take what has arrived: the client pauses, or memory is short.</remarks>
    /// <exception cref="BodyStoppedException">The body was stopped. Received bytes stay unconsumed.</exception>
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        IsBegun = true;
        var reading = inner.ReadAsync(cancellationToken);
        if (!reading.IsCompleted)
        {
            if (!_isWatched)
            {
                _isWatched = true;
                watch?.Add(this);
            }

            _isWaiting = true;
            stream?.Wait(_giveWay ??= () => Stop(GaveWay));
        }

        ReadResult result;
        try
        {
            result = await reading;
        }
        finally
        {
            if (_isWaiting)
            {
                _isWaiting = false;
                stream?.GiveWay = null;
            }
        }

        if (result.IsCanceled && _fault is { } fault)
        {
            inner.AdvanceTo(result.Buffer.Start);
            throw new BodyStoppedException(fault);
        }

        See(result);
        return watch is { IsCrowded: true } ? new ReadResult(result.Buffer, isCanceled: true, result.IsCompleted) : result;
    }

    /// <summary>Number of bytes that arrived since the last call; null when no read is waiting.</summary>
    public long? TakeArrived()
    {
        if (!_isWaiting)
        {
            return null;
        }

        var arrived = Arrived;
        (arrived, _arrivedBefore) = (arrived - _arrivedBefore, arrived);
        return arrived;
    }

    /// <summary>Ends a waiting read with the bytes that have arrived and are not consumed, if there are any.</summary>
    public void HandOver()
    {
        if (Arrived > Consumed)
        {
            CancelBeforeEnd(null);
        }
    }

    /// <summary>Makes reading fail, with an error for the client.</summary>
    public void Stop(RegistryError error) => CancelBeforeEnd(error);

    /// <summary>Releases the body at the end of the request.</summary>
    public void End()
    {
        lock (_stopping)
        {
            _hasEnded = true;
        }

        if (_isWatched)
        {
            watch?.Remove(this);
        }
    }

    // The end of the request waits for this: afterwards, the reader is another request's, or throws.
    private void CancelBeforeEnd(RegistryError? fault)
    {
        lock (_stopping)
        {
            if (!_hasEnded)
            {
                _fault ??= fault;
                inner.CancelPendingRead();
            }
        }
    }

    private void See(ReadResult result)
    {
        _seen = result.Buffer;
        IsCompleted |= result.IsCompleted;
        Interlocked.Exchange(ref _arrived, Consumed + result.Buffer.Length);
    }
}
