using Registry.Core.Collection.Records;
using Registry.Core.Promises;

namespace Registry.Core.Collection;

/// <summary>
/// Tells people what expires when, and why it stays. The engine of the metadata decides, in the transaction that removes (<see cref="ICollectorMetadata"/>).
/// </summary>
/// <param name="grace">The grace period.</param>
public sealed class CollectionForecast(GracePeriod grace)
{
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

    private long? ExpiresAfter(long? idleSince, bool stays) => idleSince is not { } since || stays ? null : grace.Left(since);
}
