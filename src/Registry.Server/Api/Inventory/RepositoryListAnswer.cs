using System.Text.Json.Serialization;

namespace Registry.Server.Api.Inventory;

/// <summary>A page of the repositories.</summary>
internal sealed record RepositoryListAnswer
{
    /// <summary>Time of the computation of space that the sizes are of, in UTC (RFC 3339); null before the first one.</summary>
    public string? SizesAt { get; init; }

    /// <summary>The repositories that the caller may pull from, in the order that was asked for.</summary>
    public required IReadOnlyList<RepositoryEntryAnswer> Repositories { get; init; }

    /// <summary>Path and query of the next page, as in <c>Link</c>; null for the last one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Next { get; init; }
}
