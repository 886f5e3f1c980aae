using Registry.Core.Oci;

namespace Registry.Core.Indexing;

/// <summary>Contents of one repository, according to the metadata or the tree.</summary>
public sealed record RepositoryContents
{
    /// <summary>Contents of a repository that does not exist.</summary>
    public static readonly RepositoryContents None = new();

    public IReadOnlyDictionary<Tag, Digest> Tags { get; init; } = new Dictionary<Tag, Digest>();

    public IReadOnlySet<Digest> Manifests { get; init; } = new HashSet<Digest>();

    /// <summary>Blobs that it may see.</summary>
    public IReadOnlySet<Digest> Blobs { get; init; } = new HashSet<Digest>();

    /// <summary>True if it is empty, and so cannot be distinguished from one that does not exist.</summary>
    public bool IsEmpty => Tags.Count == 0 && Manifests.Count == 0 && Blobs.Count == 0;

    /// <summary>Contents that indexing a repository of the tree would record.</summary>
    public static RepositoryContents Of(TreeRepository repository)
    {
        ArgumentNullException.ThrowIfNull(repository);
        return new RepositoryContents
        {
            Tags = repository.Tags.ToDictionary(),
            Manifests = repository.Manifests.Select(manifest => manifest.Digest).ToHashSet(),
            Blobs = repository.Layers.Select(layer => layer.Key).ToHashSet(),
        };
    }
}
