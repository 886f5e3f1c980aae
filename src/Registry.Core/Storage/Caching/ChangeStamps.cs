namespace Registry.Core.Storage.Caching;

/// <summary>
/// Tells answers that still hold from those that a change may have overtaken. Each subject has a stamp, which a change alters when it
/// begins, before it can be seen by anybody, and again when it has ended. An answer is kept with the stamp that was read before the question was
/// asked, and holds for as long as that is the stamp: nothing has changed since, and nothing is about to.
/// </summary>
/// <remarks>
/// So no reader is told something old after a change was answered; nor after another reader has seen the change, since that one can have seen
/// it only while it was under way or later. Subjects share a fixed number of stamps: a collision costs a question, never an answer.
/// </remarks>
internal sealed class ChangeStamps
{
    private const int Stripes = 512;

    // A stamp counts changes under way in its lower half, and all that ever began or ended in its upper half, so none returns.
    private const long UnderWay = 1;
    private const long UnderWayMask = 0xFFFF_FFFF;
    private const long Event = 1L << 32;

    private readonly long[] _stamps = new long[Stripes];

    /// <summary>The stamp of a subject now.</summary>
    /// <param name="subject">The hash code of the subject.</param>
    public long Read(int subject) => Volatile.Read(ref _stamps[Index(subject)]);

    /// <summary>Whether an answer may be kept under a stamp: not while a change is under way.</summary>
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
            // Whether the change succeeded or nobody knows.
            Interlocked.Add(ref _stamps[index], Event - UnderWay);
        }
    }

    /// <summary>Runs a change of subjects that are not known before it has ended.</summary>
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

    private void AddToAll(long value)
    {
        for (var i = 0; i < Stripes; i++)
        {
            Interlocked.Add(ref _stamps[i], value);
        }
    }
}
