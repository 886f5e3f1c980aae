using System.Text.Json.Serialization;

namespace Registry.Server.Api.History;

/// <summary>Page of the history of a tag.</summary>
internal sealed record TagHistoryAnswer
{
    public required string Repository { get; init; }

    public required string Tag { get; init; }

    /// <summary>The changes, newest first.</summary>
    public required IReadOnlyList<HistoryEntryAnswer> Entries { get; init; }

    /// <summary>Path and query of the next page, as in <c>Link</c>; null for the last one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Next { get; init; }
}
