using System.Text.Json.Serialization;

namespace Registry.Server.Api.Trash;

/// <summary>Page of the trash of a repository, the newest deletion first; or of all repositories, the oldest first.</summary>
internal sealed record TrashAnswer
{
    public required IReadOnlyList<TrashEntryAnswer> Entries { get; init; }

    /// <summary>Path and query of the next page, as in <c>Link</c>; null for the last one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Next { get; init; }
}
