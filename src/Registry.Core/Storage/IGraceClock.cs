namespace Registry.Core.Storage;

/// <summary>
/// Clock of everything that happens after a time in use: grace periods, pauses of the collector, the period of the verification. It counts seconds in which the
/// registry has run, so that neither a jump of a wall clock nor a downtime lets content expire that clients had no chance to use. The engine of the metadata
/// keeps it: on a single node, the process counts and the engine saves; where several processes share an engine, its database counts for all of them.
/// </summary>
/// <remarks>
/// <para>
/// Nothing expires by <see cref="Now"/>: a mutation or query that compares idle times with a grace period is given the length of the period, and reads the clock
/// in the same statement. <see cref="Now"/> is for the other direction. A caller who asks whether a row is still young may take a row for older than it is,
/// which costs a renewal, but never for younger.
/// </para>
/// <para>
/// So an engine guarantees that <see cref="Now"/> is at least the time at which it read what it has returned before, and the time up to which an earlier process
/// has saved the clock. It may stand still while the engine is asked nothing, and never runs backwards while the process runs.
/// </para>
/// <para>
/// A crash, or a failover of the database, may set the clock back for the next process, by the time since it was saved: content stays longer. It never sets the
/// clock ahead, however long nothing has run.
/// </para>
/// </remarks>
public interface IGraceClock
{
    /// <summary>Seconds so far. Reading it takes no time and waits for nothing.</summary>
    long Now { get; }
}
