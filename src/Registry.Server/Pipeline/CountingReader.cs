using System.Buffers;
using System.IO.Pipelines;
using Registry.Server.Telemetry;

namespace Registry.Server.Pipeline;

/// <summary>
/// Request body that counts its bytes, since a chunked body has no length before its end. Reading fails when <see cref="BodyWatch"/> finds
/// that the client is slow or has stopped sending.
/// </summary>
internal sealed class CountingReader(PipeReader inner, BodyWatch? watch) : PipeReader
{
    private ReadOnlySequence<byte> _seen;
    private bool _isWatched;
    private volatile bool _isWaiting;
    private volatile string? _fault;
    private long _consumed;
    private long _arrived;
    private long _arrivedBefore;

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
            RequestMetrics.Received(taken);
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
    /// <exception cref="BodyTimeoutException">The client is slow or has stopped sending. Received bytes stay unconsumed.</exception>
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
        }

        ReadResult result;
        try
        {
            result = await reading;
        }
        finally
        {
            _isWaiting = false;
        }

        if (result.IsCanceled && _fault is { } fault)
        {
            inner.AdvanceTo(result.Buffer.Start);
            throw new BodyTimeoutException(fault);
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
            inner.CancelPendingRead();
        }
    }

    /// <summary>Makes reading fail.</summary>
    public void TimeOut(string fault)
    {
        _fault = fault;
        inner.CancelPendingRead();
    }

    /// <summary>Releases the body at the end of the request.</summary>
    public void End()
    {
        if (_isWatched)
        {
            watch?.Remove(this);
        }
    }

    private void See(ReadResult result)
    {
        _seen = result.Buffer;
        IsCompleted |= result.IsCompleted;
        Interlocked.Exchange(ref _arrived, Consumed + result.Buffer.Length);
    }
}
