using System.Buffers;
using System.IO.Pipelines;
using Registry.Server.Telemetry;

namespace Registry.Server.Pipeline;

/// <summary>A body that counts what is taken of it: a chunked one has no length before its end.</summary>
internal sealed class CountingReader(PipeReader inner) : PipeReader
{
    private ReadOnlySequence<byte> _seen;

    /// <summary>How many bytes were taken.</summary>
    public long Consumed { get; private set; }

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
        var hasRead = inner.TryRead(out result);
        _seen = result.Buffer;
        return hasRead;
    }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var result = await inner.ReadAsync(cancellationToken);
        _seen = result.Buffer;
        return result;
    }
}
