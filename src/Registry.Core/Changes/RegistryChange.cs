using Registry.Core.Oci;

namespace Registry.Core.Changes;

/// <summary>A change of a repository, as it is recorded.</summary>
public sealed record RegistryChange
{
    /// <summary>Position in the feed. Grows from change to change, not always by one; no position is used twice.</summary>
    public required long Sequence { get; init; }

    public required ChangeKind Kind { get; init; }

    /// <summary>The wall clock, to the millisecond. It may jump: the order of changes is that of <see cref="Sequence"/>.</summary>
    public required DateTimeOffset Time { get; init; }

    public required ChangeOrigin Origin { get; init; }

    /// <summary>
    /// Reason of a removal that no request names: a clause for people for what a retention deletes; <c>expired</c> when nothing has needed the content for the grace period, <c>untagged</c> when an operator
    /// deleted all manifests that nothing holds, <c>purged</c> when a deleted manifest was purged and only it held this, <c>repository</c> when the whole repository was
    /// deleted. Else null.
    /// </summary>
    public string? Reason { get; init; }

    /// <summary>The repository, by its name at the time of the change.</summary>
    public required RepositoryName Repository { get; init; }

    /// <summary>Name of the repository from then on, for <see cref="ChangeKind.RepositoryRenamed"/>; else null.</summary>
    public RepositoryName? NewName { get; init; }

    /// <summary>The tag, for changes of tags; else null.</summary>
    public Tag? Tag { get; init; }

    /// <summary>The blob or manifest; null for <see cref="ChangeKind.TagRemoved"/> and <see cref="ChangeKind.RepositoryRenamed"/>.</summary>
    public Digest? Digest { get; init; }

    /// <summary>The manifest that the tag referred to before; null for a new tag, and for other changes.</summary>
    public Digest? Previous { get; init; }

    /// <summary>Media type of the manifest, when it is added or a tag is set to it; else null.</summary>
    public string? MediaType { get; init; }

    /// <summary>Size of the blob or manifest in bytes; null if it is not recorded.</summary>
    public long? Size { get; init; }

    /// <summary>
    /// True for a change that people see: a manifest came or went, a tag was set to another manifest or deleted, a repository was renamed. The feed keeps these; the others are for
    /// its consumers. As the statements of the activity.
    /// </summary>
    public bool IsHistory =>
        Kind is ChangeKind.ManifestAdded or ChangeKind.ManifestRemoved or ChangeKind.TagSet or ChangeKind.TagRemoved or ChangeKind.RepositoryRenamed
        && Origin.Source != ChangeSource.Restore && (Kind != ChangeKind.TagSet || Previous != Digest);
}
