using System.Text.Json.Serialization;
using Registry.Core.Inventory;
using Registry.Server.Http;

namespace Registry.Server.Api.Inventory;

/// <summary>A tag in a list, with its manifest.</summary>
internal sealed record TagEntryAnswer
{
    public required string Tag { get; init; }

    public required string Digest { get; init; }

    public required string MediaType { get; init; }

    /// <summary>Type of the content: the media type of the config, or what the manifest states.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ArtifactType { get; init; }

    /// <summary><c>image</c>, <c>index</c> or <c>artifact</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Platforms such as <c>linux/arm64/v8</c>.</summary>
    public required IReadOnlyList<string> Platforms { get; init; }

    /// <summary>Size of the manifest and of all that it needs in bytes; null if it refers to very much.</summary>
    public long? Size { get; init; }

    /// <summary>Time at which the tag was set to the manifest, in UTC (RFC 3339); null if it is unknown.</summary>
    public string? SetAt { get; init; }

    /// <summary>User who has set it; null for a caller without credentials, and if it is not recorded.</summary>
    public string? SetBy { get; init; }

    /// <summary>Other tags of the manifest, by name.</summary>
    public required IReadOnlyList<string> Others { get; init; }

    /// <summary>True if the manifest has more tags.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool MoreOthers { get; init; }

    public static TagEntryAnswer Of(TagEntry entry) => new()
    {
        Tag = entry.Tag.Value,
        Digest = entry.Manifest.Digest.Value,
        MediaType = entry.Manifest.MediaType,
        ArtifactType = entry.Manifest.ArtifactType,
        Kind = KindName.Of(entry.Manifest.Kind),
        Platforms = entry.Manifest.Platforms,
        Size = entry.Manifest.Size,
        SetAt = entry.SetAt is { } at ? Rfc3339.Format(at) : null,
        SetBy = entry.SetBy,
        Others = [.. entry.Manifest.Tags.Where(tag => tag != entry.Tag).Select(tag => tag.Value)],
        MoreOthers = entry.Manifest.HasMoreTags,
    };
}
