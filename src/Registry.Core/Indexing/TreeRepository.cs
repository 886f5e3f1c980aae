using Registry.Core.Oci;

namespace Registry.Core.Indexing;

/// <summary>Contents of one repository according to the tree.</summary>
public sealed record TreeRepository
{
    public required RepositoryName Name { get; init; }

    /// <summary>Manifests whose bytes exist and could be read.</summary>
    public IReadOnlyList<TreeManifest> Manifests { get; init; } = [];

    /// <summary>Blobs that the repository may see and whose bytes exist, with their sizes in bytes.</summary>
    public IReadOnlyList<KeyValuePair<Digest, long>> Layers { get; init; } = [];

    /// <summary>Tags that refer to one of the manifests.</summary>
    public IReadOnlyList<KeyValuePair<Tag, Digest>> Tags { get; init; } = [];

    /// <summary>Earlier manifests of the tags, if they still exist.</summary>
    public IReadOnlyList<KeyValuePair<Tag, Digest>> TagHistory { get; init; } = [];

    /// <summary>
    /// True if something in the repository could not be understood. The blobs that it needs are unknown, so no blob of the repository expires.
    /// </summary>
    public bool IsPinned { get; init; }
}

/// <summary>A manifest found in the tree.</summary>
public sealed record TreeManifest(Digest Digest, long Size, Manifest Manifest);
