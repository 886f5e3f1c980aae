using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>What one repository holds, whoever says so: the metadata or the tree.</summary>
public sealed record RepositoryContents
{
    /// <summary>A repository that is not there.</summary>
    public static readonly RepositoryContents None = new();

    public IReadOnlyDictionary<Tag, Digest> Tags { get; init; } = new Dictionary<Tag, Digest>();

    public IReadOnlySet<Digest> Manifests { get; init; } = new HashSet<Digest>();

    /// <summary>The blobs it may see.</summary>
    public IReadOnlySet<Digest> Blobs { get; init; } = new HashSet<Digest>();

    /// <summary>Whether nothing is in it, so that nobody can tell it from one that is not there.</summary>
    public bool IsEmpty => Tags.Count == 0 && Manifests.Count == 0 && Blobs.Count == 0;

    /// <summary>What indexing a repository of the tree makes of it.</summary>
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
