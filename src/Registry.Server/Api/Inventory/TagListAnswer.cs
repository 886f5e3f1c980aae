using System.Text.Json.Serialization;

namespace Registry.Server.Api.Inventory;

/// <summary>A page of the tags of a repository.</summary>
internal sealed record TagListAnswer
{
    public required string Repository { get; init; }

    /// <summary>The tags, in the order that was asked for.</summary>
    public required IReadOnlyList<TagEntryAnswer> Tags { get; init; }

    /// <summary>Path and query of the next page, as in <c>Link</c>; null for the last one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Next { get; init; }
}
