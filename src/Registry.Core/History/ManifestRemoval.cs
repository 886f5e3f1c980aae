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
