using System.Buffers;
using System.IO.Pipelines;
using Registry.Core.Uploads;

namespace Registry.Mirror.Fetches;

/// <summary>Body that tells when bytes were consumed, and are where they were written; and that asks for the writing of bytes which clients wait for, although no more arrive.</summary>
internal sealed class ConsumedReader : PipeReader
{
    private readonly PipeReader _inner;
    private readonly Func<bool> _isAwaited;
    private readonly Action _whenConsumed;
    private readonly TimeSpan _patience;
    private readonly ITimer _asking;
    private ReadOnlySequence<byte> _read;
    private bool _hasUnwritten;

    /// <param name="inner">The body. A cancelled read must not end what fills it.</param>
    /// <param name="isAwaited">True if what has arrived is to be written at once, however little it is.</param>
    /// <param name="whenConsumed">Called after bytes were consumed.</param>
    /// <param name="patience">Time after which to ask, while nothing arrives.</param>
    /// <param name="time">The clock.</param>
    public ConsumedReader(PipeReader inner, Func<bool> isAwaited, Action whenConsumed, TimeSpan patience, TimeProvider time)
    {
        (_inner, _isAwaited, _whenConsumed, _patience) = (inner, isAwaited, whenConsumed, patience);
        _asking = time.CreateTimer(_ => Ask(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _hasUnwritten = !_read.Slice(consumed).IsEmpty;
        _inner.AdvanceTo(consumed, examined);
        _whenConsumed();
    }

    public override void CancelPendingRead() => _inner.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        _asking.Dispose();
        _inner.Complete(exception);
    }

    /// <inheritdoc/>
    /// <remarks>A cancelled read asks the upload to take what has arrived (<see cref="Upload.AppendAsync"/>).</remarks>
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var reading = _inner.ReadAsync(cancellationToken);
        var isAsking = _hasUnwritten && !reading.IsCompleted && _asking.Change(_patience, _patience);
        var result = await reading;
        if (isAsking)
        {
            _asking.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        _read = result.Buffer;
        return _isAwaited() ? new ReadResult(result.Buffer, isCanceled: true, result.IsCompleted) : result;
    }

    public override bool TryRead(out ReadResult result)
    {
        var hasRead = _inner.TryRead(out result);
        _read = result.Buffer;
        return hasRead;
    }

    // A read that has just ended lets the next one end at once, which does no harm.
    private void Ask()
    {
        if (_isAwaited())
        {
            _inner.CancelPendingRead();
        }
    }
}
