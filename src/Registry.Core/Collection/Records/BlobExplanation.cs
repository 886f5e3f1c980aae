using Registry.Core.Oci;

namespace Registry.Core.Collection.Records;

/// <summary>Reasons why a blob or manifest is kept, according to the metadata. The lists may be truncated.</summary>
public sealed record BlobExplanation
{
    public required BlobState State { get; init; }

    /// <summary>Recorded size, in bytes.</summary>
    public long Size { get; init; }

    /// <summary>Key of the bytes in a store that chooses keys; null in other stores.</summary>
    public string? Key { get; init; }

    /// <summary>Links of the repositories that may see it.</summary>
    public IReadOnlyList<LinkRecord> Links { get; init; } = [];

    /// <summary>Repositories that have it as a manifest, each with what holds it there, apart from referring manifests.</summary>
    public IReadOnlyList<ManifestExplanation> ManifestOf { get; init; } = [];

    /// <summary>Manifests in the trash that are this one, or refer to it.</summary>
    public IReadOnlyList<KeyValuePair<RepositoryName, Digest>> KeptByTrash { get; init; } = [];

    /// <summary>Manifests that refer to it.</summary>
    public IReadOnlyList<KeyValuePair<RepositoryName, Digest>> NeededBy { get; init; } = [];
}
