namespace Registry.Core.Caching;

/// <summary>
/// Distinguishes cached results that still hold from those that a change may have invalidated. Each subject has a stamp, which a change alters
/// when it begins, before its effect is visible, and again when it has ended. A result is cached with the stamp that was read before the lookup,
/// and is valid while the stamp stays the same: no change has happened since, and none is in progress.
/// </summary>
/// <remarks>
/// So no reader gets an old result after a change was acknowledged, nor after another reader has seen the change, since that reader can have seen
/// it only while it was in progress or later. Subjects share a fixed number of stamps: a collision costs a lookup, never a wrong result.
/// </remarks>
internal sealed class ChangeStamps
{
    private const int Stripes = 512;

    // A stamp counts the changes in progress in its lower half, and all begun and ended ones in its upper half, so no stamp occurs twice.
    private const long UnderWay = 1;
    private const long UnderWayMask = 0xFFFF_FFFF;
    private const long Event = 1L << 32;

    private readonly long[] _stamps = new long[Stripes];

    /// <summary>Reads the current stamp of a subject.</summary>
    /// <param name="subject">Hash code of the subject.</param>
    public long Read(int subject) => Volatile.Read(ref _stamps[Index(subject)]);

    /// <summary>True if a result may be cached under a stamp: no change is in progress.</summary>
    public static bool IsQuiet(long stamp) => (stamp & UnderWayMask) == 0;

    /// <summary>Runs a change of one subject.</summary>
    public async Task<T> ChangeAsync<T>(int subject, Func<Task<T>> change)
    {
        var index = Index(subject);
        Interlocked.Add(ref _stamps[index], Event + UnderWay);
        try
        {
            return await change();
        }
        finally
        {
            // Also if the change failed, or its outcome is unknown.
            Interlocked.Add(ref _stamps[index], Event - UnderWay);
        }
    }

    /// <summary>Runs a change of several subjects, which may occur more than once.</summary>
    public async Task<T> ChangeAsync<T>(IReadOnlyCollection<int> subjects, Func<Task<T>> change)
    {
        Add(subjects, Event + UnderWay);
        try
        {
            return await change();
        }
        finally
        {
            Add(subjects, Event - UnderWay);
        }
    }

    /// <summary>Runs a change whose subjects are unknown until it has ended.</summary>
    public async Task<T> ChangeAllAsync<T>(Func<Task<T>> change)
    {
        AddToAll(Event + UnderWay);
        try
        {
            return await change();
        }
        finally
        {
            AddToAll(Event - UnderWay);
        }
    }

    private static int Index(int subject) => (subject & int.MaxValue) % Stripes;

    private void Add(IReadOnlyCollection<int> subjects, long value)
    {
        foreach (var subject in subjects)
        {
            Interlocked.Add(ref _stamps[Index(subject)], value);
        }
    }

    private void AddToAll(long value)
    {
        for (var i = 0; i < Stripes; i++)
        {
            Interlocked.Add(ref _stamps[i], value);
        }
    }
}
