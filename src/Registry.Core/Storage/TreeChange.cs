using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>What must change in the repositories tree because the metadata has changed.</summary>
public enum TreeChangeKind
{
    /// <summary>The repository may see a blob: write <c>_layers/…/link</c>.</summary>
    LinkLayer = 1,

    /// <summary>It may not any more.</summary>
    UnlinkLayer = 2,

    /// <summary>The repository has a manifest: write <c>_manifests/revisions/…/link</c>.</summary>
    AddRevision = 3,

    /// <summary>It is gone.</summary>
    RemoveRevision = 4,

    /// <summary>A tag points at a manifest: write <c>current/link</c> and <c>index/…/link</c>.</summary>
    SetTag = 5,

    /// <summary>The tag is gone, with its history.</summary>
    RemoveTag = 6,

    /// <summary>A manifest that the tag once pointed at is gone: remove <c>index/…</c>.</summary>
    ForgetTagRevision = 7,
}

/// <summary>A row of the tree journal.</summary>
/// <param name="Id">Its place in the order of changes.</param>
/// <param name="Kind">What to do.</param>
/// <param name="Repository">Where.</param>
/// <param name="Tag">The tag, for changes of tags.</param>
/// <param name="Digest">The blob or manifest; null for <see cref="TreeChangeKind.RemoveTag"/>.</param>
public sealed record TreeChange(long Id, TreeChangeKind Kind, RepositoryName Repository, Tag? Tag, Digest? Digest);
