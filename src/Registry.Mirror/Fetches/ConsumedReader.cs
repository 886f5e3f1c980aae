using System.IO.Pipelines;
using Registry.Core.Uploads;

namespace Registry.Mirror.Fetches;

/// <summary>Body that tells when bytes were consumed, and are where they were written.</summary>
/// <param name="inner">The body.</param>
/// <param name="isAwaited">True if what has arrived is to be written at once, however little it is.</param>
/// <param name="whenConsumed">Called afterwards.</param>
internal sealed class ConsumedReader(PipeReader inner, Func<bool> isAwaited, Action whenConsumed) : PipeReader
{
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        inner.AdvanceTo(consumed, examined);
        whenConsumed();
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    /// <inheritdoc/>
    /// <remarks>A cancelled read asks the upload to take what has arrived (<see cref="Upload.AppendAsync"/>).</remarks>
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var result = await inner.ReadAsync(cancellationToken);
        return isAwaited() ? new ReadResult(result.Buffer, isCanceled: true, result.IsCompleted) : result;
    }

    public override bool TryRead(out ReadResult result) => inner.TryRead(out result);
}
