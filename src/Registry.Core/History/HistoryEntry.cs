using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Core.History;

/// <summary>A change of a tag: it was set to another manifest than before, or deleted.</summary>
public sealed record HistoryEntry
{
    /// <summary>
    /// Position in the history of the tag. Grows from change to change, in the order in which they took effect. Not always the position in the change feed.
    /// </summary>
    public required long Position { get; init; }

    /// <summary>The wall clock, to the millisecond. It may jump: the order of the changes is that of <see cref="Position"/>.</summary>
    public required DateTimeOffset Time { get; init; }

    public required ChangeOrigin Origin { get; init; }

    /// <inheritdoc cref="RegistryChange.Reason"/>
    public string? Reason { get; init; }

    /// <summary>The manifest that the tag was set to; null if it was deleted.</summary>
    public Digest? Digest { get; init; }

    /// <summary>The manifest that the tag referred to before; null if there was no such tag.</summary>
    public Digest? Previous { get; init; }

    /// <summary>Media type of the manifest; null for a deletion.</summary>
    public string? MediaType { get; init; }

    /// <summary>Size of the manifest in bytes; null for a deletion, and if it is not recorded.</summary>
    public long? Size { get; init; }

    /// <summary>The entry of a recorded change of a tag.</summary>
    /// <param name="change">The change; its sequence is the position of the entry.</param>
    public static HistoryEntry Of(RegistryChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new HistoryEntry
        {
            Position = change.Sequence,
            Time = change.Time,
            Origin = change.Origin,
            Reason = change.Reason,
            Digest = change.Digest,
            Previous = change.Previous,
            MediaType = change.MediaType,
            Size = change.Size,
        };
    }
}
