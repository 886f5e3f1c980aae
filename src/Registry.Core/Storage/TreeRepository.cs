using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>What the tree says about one repository.</summary>
public sealed record TreeRepository
{
    public required RepositoryName Name { get; init; }

    /// <summary>The manifests whose bytes are there and could be read.</summary>
    public IReadOnlyList<TreeManifest> Manifests { get; init; } = [];

    /// <summary>The blobs it may see whose bytes are there, with their sizes in bytes.</summary>
    public IReadOnlyList<KeyValuePair<Digest, long>> Layers { get; init; } = [];

    /// <summary>The tags that point at one of the manifests.</summary>
    public IReadOnlyList<KeyValuePair<Tag, Digest>> Tags { get; init; } = [];

    /// <summary>What tags pointed at earlier, as far as those manifests are still there.</summary>
    public IReadOnlyList<KeyValuePair<Tag, Digest>> TagHistory { get; init; } = [];

    /// <summary>
    /// Whether something in it could not be understood. Nobody knows which blobs that needs, so none of the repository's expire.
    /// </summary>
    public bool IsPinned { get; init; }
}

/// <summary>A manifest found in the tree.</summary>
public sealed record TreeManifest(Digest Digest, long Size, Manifest Manifest);
