using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Repositories;

/// <summary>Errors of renames, for every engine.</summary>
public static class RenameRefusal
{
    /// <summary>Nodes run that do not know renames.</summary>
    /// <param name="nodes">Their number.</param>
    public static RegistryError BesideOlder(long nodes) => new(
        RegistryErrorCode.RenameImpossible,
        $"{Count.Of(nodes, "node")} of a version that does not know renames used the database within the last hour; replace the older nodes first, and try again an hour later");

    /// <summary>The new name is taken.</summary>
    /// <param name="newName">The new name.</param>
    /// <param name="hasManifests">True if a repository of this name has a manifest.</param>
    /// <param name="hasBlobs">True if a repository of this name has a blob, which its trash may need.</param>
    /// <param name="trashed">Number of manifests in its trash.</param>
    public static RegistryError Taken(RepositoryName newName, bool hasManifests, bool hasBlobs, long trashed) => new(
        RegistryErrorCode.RenameImpossible,
        hasManifests ? $"there is a repository {newName}"
        : trashed > 0 ? $"{Count.Of(trashed, "deleted manifest")} of a repository {newName} can still be restored; restore or purge them, or choose another name"
        : hasBlobs ? $"blobs were pushed to a repository {newName}, perhaps by a push that is in progress; delete that repository, or choose another name"
        : throw new ArgumentException("The name is free.", nameof(hasBlobs)));
}
