using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Trash;

/// <summary>A deleted manifest that can be restored.</summary>
public sealed record TrashEntry
{
    /// <summary>Largest number of tags of an entry in a listing.</summary>
    public const int MaxListedTags = 100;

    /// <summary>Number of the entry. Grows from deletion to deletion; a later deletion of the same manifest has another one.</summary>
    public required long Id { get; init; }

    public required RepositoryName Repository { get; init; }

    public required Digest Digest { get; init; }

    public required string MediaType { get; init; }

    /// <summary>Size of the manifest in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Size of the manifest and of all that it referred to at its deletion, in bytes, each digest once. Of an index, this has its manifests, not their layers.</summary>
    public required long HeldSize { get; init; }

    /// <summary>Time of the deletion, in seconds of <see cref="IGraceClock"/>.</summary>
    public required long DeletedAt { get; init; }

    /// <summary>Time of the deletion by the wall clock, to the millisecond.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Origin of the deletion.</summary>
    public required ChangeOrigin Origin { get; init; }

    /// <summary>Tags that were deleted with it, in ordinal order; in a listing, the first <see cref="MaxListedTags"/> of them.</summary>
    public required IReadOnlyList<Tag> Tags { get; init; }

    /// <summary>True if there are more <see cref="Tags"/>.</summary>
    public bool HasMoreTags { get; init; }

    /// <summary>
    /// True if it can be restored: the repository still has the bytes of the manifest, and all blobs and manifests that it referred to and that were there at its
    /// deletion.
    /// </summary>
    public required bool IsComplete { get; init; }

    /// <summary>Key of the bytes in a store that chooses keys; null in other stores.</summary>
    public string? Key { get; init; }

    /// <summary>Place of the bytes.</summary>
    public BlobPlace Place => new(Digest, Key);
}
