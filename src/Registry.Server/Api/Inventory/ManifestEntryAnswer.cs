using System.Text.Json.Serialization;
using Registry.Core.Inventory;
using Registry.Server.Http;

namespace Registry.Server.Api.Inventory;

/// <summary>A manifest in a list.</summary>
internal sealed record ManifestEntryAnswer
{
    public required string Digest { get; init; }

    public required string MediaType { get; init; }

    /// <inheritdoc cref="TagEntryAnswer.ArtifactType"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ArtifactType { get; init; }

    /// <inheritdoc cref="TagEntryAnswer.Kind"/>
    public required string Kind { get; init; }

    /// <inheritdoc cref="TagEntryAnswer.Platforms"/>
    public required IReadOnlyList<string> Platforms { get; init; }

    /// <inheritdoc cref="TagEntryAnswer.Size"/>
    public long? Size { get; init; }

    /// <inheritdoc cref="ManifestAnswer.PushedAt"/>
    public required string PushedAt { get; init; }

    /// <summary>Its tags, by name, up to ten.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <inheritdoc cref="ManifestAnswer.MoreTags"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool MoreTags { get; init; }

    /// <inheritdoc cref="ManifestAnswer.Subject"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Subject { get; init; }

    public static ManifestEntryAnswer Of(ManifestEntry entry) => new()
    {
        Digest = entry.Digest.Value,
        MediaType = entry.MediaType,
        ArtifactType = entry.ArtifactType,
        Kind = KindName.Of(entry.Kind),
        Platforms = entry.Platforms,
        Size = entry.Size,
        PushedAt = Rfc3339.Format(entry.PushedAt),
        Tags = [.. entry.Tags.Select(tag => tag.Value)],
        MoreTags = entry.HasMoreTags,
        Subject = entry.Subject?.Value,
    };
}
