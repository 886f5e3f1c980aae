using Registry.Core.Collection.Records;
using Registry.Core.Oci;

namespace Registry.Core.Collection;

/// <summary>Why a manifest is kept in its repository.</summary>
public sealed record ManifestKeep
{
    public required ManifestStanding Standing { get; init; }

    /// <summary>True if a tag holds it.</summary>
    public bool ByTag { get; init; }

    /// <summary>True if a manifest of the repository that refers to it holds it.</summary>
    public bool ByParent { get; init; }

    /// <summary>Its subject, if that is in the repository or in its trash, and so holds it; else null.</summary>
    public Digest? BySubject { get; init; }

    /// <summary>True if a manifest in the trash of the repository refers to it, and so holds it.</summary>
    public bool ByTrash { get; init; }

    /// <summary>Upstream from which the repository is mirrored; null for a local one.</summary>
    public string? Upstream { get; init; }

    /// <summary>Running time since something last held it, or an answer promised it, in seconds; null while it is held.</summary>
    public long? IdleSeconds { get; init; }

    /// <summary>Running time until it expires, in seconds; negative when overdue, null when it does not expire.</summary>
    public long? ExpiresAfterSeconds { get; init; }

    /// <summary>Tells why a manifest stays, and for how long.</summary>
    /// <param name="manifest">What the metadata has.</param>
    /// <param name="hasParent">True if a manifest of the repository refers to it.</param>
    /// <param name="hasDeletedParent">True if one in the trash of the repository does.</param>
    /// <param name="forecast">What expires when.</param>
    public static ManifestKeep Of(ManifestExplanation manifest, bool hasParent, bool hasDeletedParent, CollectionForecast forecast)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(forecast);
        var standing = CollectionForecast.StandingOf(manifest, hasParent);
        return new ManifestKeep
        {
            Standing = standing,
            ByTag = manifest.Tags.Count > 0,
            ByParent = hasParent,
            BySubject = manifest.Subject,
            ByTrash = hasDeletedParent,
            Upstream = manifest.Record.Upstream,
            IdleSeconds = manifest.Record.IdleSince is { } since ? forecast.IdleFor(since) : null,
            ExpiresAfterSeconds = standing == ManifestStanding.Expiring ? forecast.ExpiresAfter(manifest.Record) : null,
        };
    }
}
