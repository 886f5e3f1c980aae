using System.Globalization;
using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Core.History;

/// <summary>The removal of a manifest from a repository.</summary>
public sealed record ManifestRemoval
{
    public required Digest Digest { get; init; }

    /// <summary>The wall clock, to the millisecond.</summary>
    public required DateTimeOffset Time { get; init; }

    public required ChangeOrigin Origin { get; init; }

    /// <inheritdoc cref="RegistryChange.Reason"/>
    public string? Reason { get; init; }

    /// <summary>Says when and by whom the manifest was removed, for people.</summary>
    public string Describe()
    {
        var by = Origin.Source switch
        {
            ChangeSource.Request => Origin.Actor is { } user ? $"by {user}" : "by a caller without credentials",
            ChangeSource.Command => Origin.Actor is { } user ? $"by a command of {user}" : "by a command",
            ChangeSource.Collector => "by the collector",
            ChangeSource.Mirror => $"by the mirror of {Origin.Actor}",
            ChangeSource.Retention => Origin.Actor is { } user ? $"by the retention, run by {user}" : "by the retention",
            _ => "by an unknown user",
        };
        var reason = Reason is null ? null : $" ({Reason})";
        return string.Create(CultureInfo.InvariantCulture, $"{Digest} was removed at {Time.UtcDateTime:yyyy-MM-dd HH:mm:ss.fff} UTC {by}{reason}");
    }

    /// <summary>The removal of a recorded change.</summary>
    /// <exception cref="ArgumentException">The change names no manifest.</exception>
    public static ManifestRemoval Of(RegistryChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new ManifestRemoval
        {
            Digest = change.Digest ?? throw new ArgumentException("A removal has a digest.", nameof(change)),
            Time = change.Time,
            Origin = change.Origin,
            Reason = change.Reason,
        };
    }
}
