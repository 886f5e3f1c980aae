using Registry.Core.Collection.Records;
using Registry.Core.Storage;

namespace Registry.Core.Collection;

/// <summary>
/// Rules of the collection: what expires when, and what an operator must confirm. The collector, its preview and its explanations share them.
/// </summary>
/// <param name="clock">Clock of the grace period.</param>
/// <param name="grace">Running time for which content is kept that nothing needs.</param>
/// <param name="promisesLostAt">Time at which a process was last killed (<see cref="ICollectorMetadata.PromisesLostAt"/>).</param>
public sealed class CollectionRules(RunningClock clock, TimeSpan grace, long? promisesLostAt)
{
    // The promises that a killed process held in memory are unknown. All of them end within one grace period, and a second is complete only
    // when the next has begun.
    private readonly long _notBefore = promisesLostAt is { } lost ? lost + (long)grace.TotalSeconds + 1 : 0;

    /// <summary>
    /// Seconds of the running clock until collection begins, after a process was killed whose promises are unknown.
    /// </summary>
    public long Wait => Math.Max(0, _notBefore - clock.Now);

    /// <summary>Time in seconds of the running clock; links and manifests that have been idle since before it expire.</summary>
    public long IdleBefore => clock.Now - (long)grace.TotalSeconds;

    /// <summary>Interval between cycles: short enough to keep the grace period to within a tenth, without a busy loop.</summary>
    public TimeSpan Interval { get; } =
        TimeSpan.FromSeconds(Math.Clamp(grace.TotalSeconds / 10, 1, TimeSpan.FromMinutes(1).TotalSeconds));

    /// <summary>Running time since content was last needed, in seconds; 0 while it is.</summary>
    public long IdleFor(long? idleSince) => clock.Now - (idleSince ?? clock.Now);

    /// <summary>Running time until a link expires, in seconds; negative when overdue, null when it does not expire.</summary>
    public long? ExpiresAfter(LinkRecord link)
    {
        ArgumentNullException.ThrowIfNull(link);
        return ExpiresAfter(link.IdleSince, link.IsPinned);
    }

    /// <summary>Running time until a manifest expires, in seconds; negative when overdue, null when it does not expire.</summary>
    public long? ExpiresAfter(ManifestRecord manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return ExpiresAfter(manifest.IdleSince, manifest.IsPinned || manifest.IsRoot);
    }

    /// <summary>Decides whether a collection needs the confirmation of an operator.</summary>
    /// <param name="estimate">What it would remove.</param>
    /// <param name="unknown">Number of blobs that the metadata does not know.</param>
    /// <param name="passed">Number of all stored blobs.</param>
    public CollectionObjection ObjectionTo(CollectionEstimate estimate, long unknown, long passed)
    {
        ArgumentNullException.ThrowIfNull(estimate);
        return Wait > 0 ? CollectionObjection.PromisesLost
            : estimate.IsImplausible ? CollectionObjection.TooMuch
            : Plausibility.IsExceeded(unknown, passed) ? CollectionObjection.TooManyUnknown
            : CollectionObjection.None;
    }

    /// <summary>Decides whether deleting manifests that nothing holds needs the confirmation of an operator.</summary>
    /// <param name="deleted">Number of manifests to delete.</param>
    /// <param name="all">Number of all manifests.</param>
    public CollectionObjection ObjectionToDelete(long deleted, long all) =>
        Wait > 0 ? CollectionObjection.PromisesLost
        : Plausibility.IsExceeded(deleted, all) ? CollectionObjection.TooMuch
        : CollectionObjection.None;

    private long? ExpiresAfter(long? idleSince, bool stays) => idleSince is null || stays ? null : (long)grace.TotalSeconds - IdleFor(idleSince);
}
