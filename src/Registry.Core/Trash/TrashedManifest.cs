using Registry.Core.Changes;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Trash;

/// <summary>A manifest in the trash, with its bytes.</summary>
/// <param name="Entry">Its entry.</param>
/// <param name="Manifest">The parsed bytes.</param>
/// <param name="Content">The bytes, which have its digest.</param>
public sealed record TrashedManifest(TrashEntry Entry, Manifest Manifest, ReadOnlyMemory<byte> Content)
{
    /// <summary>The put that takes the manifest out of the trash.</summary>
    /// <param name="origin">Origin of the put.</param>
    public ManifestPut Put(ChangeOrigin origin) => new()
    {
        Repository = Entry.Repository,
        Digest = Entry.Digest,
        Size = Content.Length,
        Manifest = Manifest,
        FromTrash = Entry.Id,
        Reference = Entry.Digest,
        Origin = origin,
        Required = RequiredReferences.Of(Manifest, ManifestReferences.Sparse),
    };
}
