using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Core.Policies.Retention;

/// <summary>A tag, or a manifest with all its tags, that a retention deletes, as it was read.</summary>
/// <param name="Repository">The repository.</param>
/// <param name="Digest">The manifest.</param>
/// <param name="Tag">The tag, if it alone is deleted; null for the manifest with all its tags.</param>
/// <param name="PushedAt">Last push of the manifest, to the second. A later one keeps it.</param>
/// <param name="Reason">See <see cref="RegistryChange.Reason"/>.</param>
public sealed record RetentionStep(RepositoryName Repository, Digest Digest, Tag? Tag, DateTimeOffset PushedAt, string Reason)
{
    /// <summary>A pull at this time or later, of the manifest or of what it lists, keeps it; null if pulls do not matter.</summary>
    public DateTimeOffset? PulledBefore { get; init; }

    /// <summary>Running time for which nothing may have held the manifest, or told a client that it exists; null for one that a tag holds.</summary>
    public TimeSpan? Idle { get; init; }

    /// <summary>Manifests that this one belongs to by its tags: none of them may be in the repository.</summary>
    public IReadOnlyList<Digest> Absent { get; init; } = [];
}
