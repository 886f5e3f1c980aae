using Registry.Core.Oci;

namespace Registry.Core.Policies.Retention;

/// <summary>What a repository has, for a retention.</summary>
public sealed record RetainedRepository
{
    /// <summary>The repository.</summary>
    public required RepositoryName Repository { get; init; }

    /// <summary>True if it is mirrored from an upstream: its images go when they are evicted, and no retention touches them.</summary>
    public bool IsMirrored { get; init; }

    /// <summary>Its manifests.</summary>
    public required IReadOnlyList<RetainedManifest> Manifests { get; init; }

    /// <summary>Its manifests that others of its manifests list.</summary>
    public required IReadOnlyList<RetainedChild> Children { get; init; }

    /// <summary>Its tags.</summary>
    public required IReadOnlyList<RetainedTag> Tags { get; init; }

    /// <summary>Subjects of signature tags that are in the trash of the repository.</summary>
    public IReadOnlySet<Digest> Trashed { get; init; } = new HashSet<Digest>();
}
