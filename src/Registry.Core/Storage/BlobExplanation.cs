using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>Why a blob or manifest is still there, as far as the metadata knows. The lists may be cut off.</summary>
public sealed record BlobExplanation
{
    public required BlobState State { get; init; }

    /// <summary>Its size on record, in bytes.</summary>
    public long Size { get; init; }

    /// <summary>The repositories that may see it.</summary>
    public IReadOnlyList<LinkRecord> Links { get; init; } = [];

    /// <summary>The repositories that have it as a manifest, each with what holds it there beside the manifests that refer to it.</summary>
    public IReadOnlyList<ManifestExplanation> ManifestOf { get; init; } = [];

    /// <summary>The manifests that refer to it.</summary>
    public IReadOnlyList<KeyValuePair<RepositoryName, Digest>> NeededBy { get; init; } = [];
}
