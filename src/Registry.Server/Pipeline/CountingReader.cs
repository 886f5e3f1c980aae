using System.Buffers;
using System.IO.Pipelines;
using Registry.Server.Telemetry;

namespace Registry.Server.Pipeline;

/// <summary>
/// A body that counts what is taken of it, since a chunked one has no length before its end, and whose reading ends when
/// <see cref="BodyWatch"/> finds that its client is slow or has stopped.
/// </summary>
internal sealed class CountingReader(PipeReader inner, BodyWatch? watch) : PipeReader
{
    private ReadOnlySequence<byte> _seen;
    private bool _isWatched;
    private volatile bool _isWaiting;
    private volatile string? _fault;
    private long _arrived;
    private long _arrivedBefore;

    /// <summary>How many bytes were taken.</summary>
    public long Consumed { get; private set; }

    /// <summary>How many bytes have arrived, as far as the reader was told: also those of a body that broke off before they were taken.</summary>
    public long Arrived => Interlocked.Read(ref _arrived);

    /// <summary>Whether anything was read, or asked for.</summary>
    public bool IsBegun { get; private set; }

    /// <summary>Whether its end was seen.</summary>
    public bool IsCompleted { get; private set; }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!_seen.IsEmpty)
        {
            var taken = _seen.Slice(0, consumed).Length;
            Consumed += taken;
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
    /// <exception cref="BodyTimeoutException">The client is slow or has stopped. What has arrived is not consumed.</exception>
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
        return result;
    }

    /// <summary>What has arrived since the last call, in bytes; null when nothing is waited for.</summary>
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

    /// <summary>Ends the reading.</summary>
    public void TimeOut(string fault)
    {
        _fault = fault;
        inner.CancelPendingRead();
    }

    /// <summary>The request is over.</summary>
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
