using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>A manifest to record, with everything that must happen in one transaction.</summary>
public sealed record ManifestPut
{
    public required RepositoryName Repository { get; init; }

    /// <summary>The digest of its bytes, which are stored already.</summary>
    public required Digest Digest { get; init; }

    /// <summary>The size of its bytes.</summary>
    public required long Size { get; init; }

    public required Manifest Manifest { get; init; }

    /// <summary>The tags to set to it; may be empty.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>What it was pushed as; the precondition is about this.</summary>
    public required Reference Reference { get; init; }

    public Precondition Precondition { get; init; } = Precondition.None;

    public ManifestReferences References { get; init; } = ManifestReferences.SparseIndex;
}
