using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Metadata;

/// <summary>A manifest to record, with everything that must happen in one transaction.</summary>
public sealed record ManifestPut
{
    public required RepositoryName Repository { get; init; }

    /// <summary>Digest of the bytes, which are stored already or come with this (<see cref="Staged"/>).</summary>
    public required Digest Digest { get; init; }

    /// <summary>Size of the bytes.</summary>
    public required long Size { get; init; }

    /// <summary>The bytes, if they become durable in this transaction; null if they are stored already.</summary>
    public byte[]? Staged { get; init; }

    /// <summary>Place of the bytes, if they have just been stored; null if they come with this, or are stored where the metadata says.</summary>
    public BlobPlace? Place { get; init; }

    public required Manifest Manifest { get; init; }

    /// <summary>True to record only tags: the repository must have the manifest, or the put is refused with MANIFEST_UNKNOWN.</summary>
    public bool MustExist { get; init; }

    /// <summary>
    /// Number of the entry of the trash that the manifest is taken from: the repository must have it, or the put is refused with MANIFEST_UNKNOWN. It requires what the
    /// manifest referred to and the repository had at the deletion, and nothing else. Null for another put, which takes the manifest out of the trash, too.
    /// </summary>
    public long? FromTrash { get; init; }

    /// <summary>Tags to set to the manifest; may be empty.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>True to set only those of the tags that do not exist; the others stay as they are.</summary>
    public bool OnlyNewTags { get; init; }

    /// <summary>Tag or digest of the push; the precondition applies to it.</summary>
    public required Reference Reference { get; init; }

    public Precondition Precondition { get; init; } = Precondition.None;

    /// <summary>Origin of the push.</summary>
    public required ChangeOrigin Origin { get; init; }

    /// <summary>References that the repository must have.</summary>
    public required RequiredReferences Required { get; init; }
}
