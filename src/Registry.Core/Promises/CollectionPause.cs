using Registry.Core.Storage;

namespace Registry.Core.Promises;

/// <summary>
/// Pause of the collector after answers whose promise could not be recorded: the registry was read-only, or the storage refused the write for a manifest. It
/// ends when the last of these promises does. Without such an answer there is no pause. Where other processes collect, too, which would not know of it, promises are
/// always recorded. A move of the registry saves a pause at its new place, too, where the answers of the old one are not recorded.
/// </summary>
/// <remarks>
/// An answer begins the pause before it looks whether a cycle is in progress, and a cycle is announced before it looks at the read-only mode and at the pause.
/// So either the cycle finds the pause, or the answer finds the cycle and records its promise.
/// </remarks>
/// <param name="clock">Clock of the grace period.</param>
/// <param name="grace">The grace period.</param>
/// <param name="isReadOnly">True while the registry must not be changed, and no cycle begins.</param>
/// <param name="isShared">True if other processes collect, too.</param>
/// <param name="until">End of the pause that an earlier process began, in seconds of the clock.</param>
public sealed class CollectionPause(IGraceClock clock, GracePeriod grace, Func<bool> isReadOnly, bool isShared, long until)
{
    private long _until = until;
    private int _cycles;

    /// <summary>End of the latest pause, in seconds of the clock.</summary>
    public long Until => Volatile.Read(ref _until);

    /// <summary>Seconds of the clock until the pause ends; 0 without one.</summary>
    public long Left => Math.Max(0, Until - clock.Now);

    /// <summary>Begins the pause, or extends it, for a promise that could not be recorded; false if other processes collect, too.</summary>
    public bool TryBegin()
    {
        if (isShared)
        {
            return false;
        }

        ExtendTo(grace.EndOfPromise);
        return true;
    }

    /// <summary>Extends the pause to a time in seconds of the clock, at which one ends that another process began. An earlier time changes nothing.</summary>
    internal void ExtendTo(long end)
    {
        for (var before = Until; before < end && Interlocked.CompareExchange(ref _until, end, before) != before; before = Until)
        {
        }
    }

    /// <summary>Begins the pause instead of recording a promise; false if the promise must be recorded.</summary>
    public bool TryReplaceWrite() => isReadOnly() && TryBegin() && isReadOnly() && Volatile.Read(ref _cycles) == 0;

    /// <summary>Announces a cycle; null while the registry is read-only. The caller disposes the result when the cycle ends.</summary>
    internal IDisposable? TryBeginCycle()
    {
        Interlocked.Increment(ref _cycles);
        var cycle = new Cycle(this);
        if (!isReadOnly())
        {
            return cycle;
        }

        cycle.Dispose();
        return null;
    }

    private sealed class Cycle(CollectionPause pause) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref pause._cycles);
    }
}
