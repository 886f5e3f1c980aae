using System.Buffers;
using System.IO.Pipelines;

namespace Registry.Bench.Storage;

/// <summary>
/// A body that costs nothing to receive: the same memory, repeated. A measurement then contains the store alone.
/// </summary>
internal sealed class MemoryBody(byte[] window, long length) : PipeReader
{
    private long _left = length;
    private int _position;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        TryRead(out var result);
        return ValueTask.FromResult(result);
    }

    public override bool TryRead(out ReadResult result)
    {
        var buffer = new ReadOnlySequence<byte>(window, _position, (int)Math.Min(window.Length - _position, _left));
        result = new ReadResult(buffer, isCanceled: false, isCompleted: buffer.Length == _left);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed)
    {
        var position = consumed.GetInteger();
        _left -= position - _position;
        _position = position % window.Length;
    }

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => AdvanceTo(consumed);

    public override void CancelPendingRead()
    {
    }

    public override void Complete(Exception? exception = null)
    {
    }
}
