using System.Text.Json.Serialization;

namespace Registry.Server.Api.Activity;

/// <summary>Page of what has happened.</summary>
internal sealed record ActivityAnswer
{
    /// <summary>The changes, newest first.</summary>
    public required IReadOnlyList<ActivityEntryAnswer> Changes { get; init; }

    /// <summary>Path and query of the next page, as in <c>Link</c>; null for the last one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Next { get; init; }
}
