using Registry.Core.Collection.Records;
using Registry.Core.Oci;

namespace Registry.Core.Inventory.Records;

/// <summary>Record of a blob of a repository, with what needs it there. The lists may be cut off at a limit.</summary>
public sealed record BlobRelations
{
    /// <summary>Link of the repository.</summary>
    public required LinkRecord Link { get; init; }

    /// <summary>Size in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Ids of the manifests of the repository that refer to it, in no particular order.</summary>
    public required IReadOnlyList<long> Manifests { get; init; }

    /// <summary>Digests of manifests in the trash of the repository that refer to it, in no particular order.</summary>
    public required IReadOnlyList<Digest> DeletedManifests { get; init; }
}
