using Registry.Core.Collection.Records;
using Registry.Core.Promises;

namespace Registry.Core.Collection;

/// <summary>
/// Rules of the collection: what expires when, and what an operator must confirm. The collector, its preview and its explanations share them.
/// </summary>
/// <param name="grace">The grace period.</param>
public sealed class CollectionRules(GracePeriod grace)
{
    /// <summary>Running time after which links and manifests expire that have been idle.</summary>
    public TimeSpan Grace => grace.Length;

    /// <summary>Interval between cycles: short enough to keep the grace period to within a tenth, without a busy loop.</summary>
    public TimeSpan Interval { get; } =
        TimeSpan.FromSeconds(Math.Clamp(grace.Length.TotalSeconds / 10, 1, TimeSpan.FromMinutes(1).TotalSeconds));

    /// <summary>Running time since content was last needed, in seconds; 0 while it is.</summary>
    public long IdleFor(long? idleSince) => grace.IdleFor(idleSince);

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

    /// <summary>Tells how long a manifest stays.</summary>
    /// <param name="manifest">What keeps it.</param>
    /// <param name="hasParent">True if a manifest of the repository refers to it.</param>
    public static ManifestStanding StandingOf(ManifestExplanation manifest, bool hasParent)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var record = manifest.Record;
        var hasHolder = hasParent || manifest.Tags.Count > 0 || manifest.Subject is not null;
        return record.Upstream is not null ? ManifestStanding.Mirrored
            : record.IdleSince is null && (hasHolder || !manifest.IsUnsettled) ? ManifestStanding.Held
            : manifest.IsUnsettled ? ManifestStanding.Unsettled
            : record.IsRoot ? ManifestStanding.Root
            : record.IsPinned ? ManifestStanding.Pinned
            : ManifestStanding.Expiring;
    }

    /// <summary>Decides whether a collection needs the confirmation of an operator.</summary>
    /// <param name="estimate">What it would remove.</param>
    /// <param name="unknown">Number of blobs that the metadata does not know.</param>
    /// <param name="passed">Number of all stored blobs.</param>
    public static CollectionObjection ObjectionTo(CollectionEstimate estimate, long unknown, long passed)
    {
        ArgumentNullException.ThrowIfNull(estimate);
        return estimate.IsImplausible ? CollectionObjection.TooMuch
            : Plausibility.IsExceeded(unknown, passed) ? CollectionObjection.TooManyUnknown
            : CollectionObjection.None;
    }

    /// <summary>True if deleting manifests that nothing holds needs no confirmation of an operator.</summary>
    /// <param name="deleted">Number of manifests to delete.</param>
    /// <param name="all">Number of all manifests.</param>
    public static bool IsPlausible(long deleted, long all) => !Plausibility.IsExceeded(deleted, all);

    private long? ExpiresAfter(long? idleSince, bool stays) => idleSince is not { } since || stays ? null : grace.Left(since);
}
