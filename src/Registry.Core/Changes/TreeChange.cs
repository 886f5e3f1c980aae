using Registry.Core.Oci;

namespace Registry.Core.Changes;

/// <summary>Kind of a change of the repositories tree that follows a change of the metadata.</summary>
public enum TreeChangeKind
{
    /// <summary>The repository may see a blob: write <c>_layers/…/link</c>.</summary>
    LinkLayer = 1,

    /// <summary>The repository may no longer see the blob.</summary>
    UnlinkLayer = 2,

    /// <summary>The repository has a manifest: write <c>_manifests/revisions/…/link</c>.</summary>
    AddRevision = 3,

    /// <summary>The manifest is gone.</summary>
    RemoveRevision = 4,

    /// <summary>A tag refers to a manifest: write <c>current/link</c> and <c>index/…/link</c>.</summary>
    SetTag = 5,

    /// <summary>The tag is gone, with its history.</summary>
    RemoveTag = 6,

    /// <summary>A manifest that the tag once referred to is gone: remove <c>index/…</c>.</summary>
    ForgetTagRevision = 7,
}

/// <summary>A row of the tree journal.</summary>
/// <param name="Id">Position in the order of changes.</param>
/// <param name="Kind">Kind of the change.</param>
/// <param name="Repository">Repository that changes.</param>
/// <param name="Tag">The tag, for changes of tags.</param>
/// <param name="Digest">The blob or manifest; null for <see cref="TreeChangeKind.RemoveTag"/>.</param>
public sealed record TreeChange(long Id, TreeChangeKind Kind, RepositoryName Repository, Tag? Tag, Digest? Digest);
