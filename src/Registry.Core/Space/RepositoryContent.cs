namespace Registry.Core.Space;

/// <summary>What a repository has, for the space of its tags.</summary>
public sealed record RepositoryContent
{
    /// <summary>Its manifests.</summary>
    public required IReadOnlyList<ManifestSize> Manifests { get; init; }

    /// <summary>Blobs that a manifest of the repository needs, in the trash or not.</summary>
    public required IReadOnlyList<BlobSize> Blobs { get; init; }

    /// <summary>What its manifests refer to, each pair once. The repository need not have it.</summary>
    public required IReadOnlyList<ContentReference> References { get; init; }

    /// <summary>Its tags.</summary>
    public required IReadOnlyList<TaggedContent> Tags { get; init; }
}
