namespace Registry.Torture.Mirroring;

/// <summary>Counts of what clients of a mirror have got.</summary>
internal sealed class PullTally
{
    private int _right;
    private int _refused;
    private int _broken;

    public void Right() => Interlocked.Increment(ref _right);

    public void Refused() => Interlocked.Increment(ref _refused);

    public void Broken() => Interlocked.Increment(ref _broken);

    /// <inheritdoc/>
    public override string ToString() => $"{_right} right answers, {_refused} errors, {_broken} broken connections";
}
