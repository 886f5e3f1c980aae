using Registry.Core.Collection.Records;
using Registry.Core.Oci;

namespace Registry.Core.Inventory.Records;

/// <summary>Record of a manifest, with what refers to it. The lists may be cut off at a limit, and the number counted up to it.</summary>
public sealed record ManifestRelations
{
    /// <summary>Id in the metadata.</summary>
    public required long Id { get; init; }

    /// <summary>What keeps it, as the collector sees it.</summary>
    public required ManifestExplanation Explanation { get; init; }

    /// <summary>Its tags, in ordinal order.</summary>
    public required IReadOnlyList<TagRow> Tags { get; init; }

    /// <summary>Manifests of the repository that refer to it, in no particular order. Not its referrers, whose subject it is.</summary>
    public required IReadOnlyList<Digest> Parents { get; init; }

    /// <summary>The same in the trash of the repository.</summary>
    public required IReadOnlyList<Digest> DeletedParents { get; init; }

    /// <summary>Number of manifests of the repository whose subject it is.</summary>
    public required long Referrers { get; init; }
}
