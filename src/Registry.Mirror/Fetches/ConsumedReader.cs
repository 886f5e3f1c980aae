using System.IO.Pipelines;

namespace Registry.Mirror.Fetches;

/// <summary>Body that tells when bytes were consumed, and are where they were written.</summary>
/// <param name="inner">The body.</param>
/// <param name="consumed">Called afterwards.</param>
internal sealed class ConsumedReader(PipeReader inner, Action consumed) : PipeReader
{
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        inner.AdvanceTo(consumed, examined);
        Note();
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => inner.ReadAsync(cancellationToken);

    public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

    private void Note() => consumed();
}
