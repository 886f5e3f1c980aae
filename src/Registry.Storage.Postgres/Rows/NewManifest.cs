using Registry.Core.Oci;
using Registry.Storage.Postgres.Trash;

namespace Registry.Storage.Postgres.Rows;

/// <summary>A manifest to add.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Repository">Row of its repository.</param>
/// <param name="Content">Row of its bytes.</param>
/// <param name="Digest">Digest of the bytes.</param>
/// <param name="Manifest">Parsed bytes.</param>
internal sealed record NewManifest(long Id, long Repository, long Content, Digest Digest, Manifest Manifest)
{
    /// <summary>Rows of the content that it refers to.</summary>
    public required long[] References { get; init; }

    /// <summary>Its entry in the trash, which ends; null if there is none.</summary>
    public TrashRow? Trashed { get; init; }
}
