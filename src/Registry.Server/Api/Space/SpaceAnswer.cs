using System.Text.Json.Serialization;

namespace Registry.Server.Api.Space;

/// <summary>Space of the registry: the last round, and a page of the repositories.</summary>
internal sealed record SpaceAnswer
{
    /// <summary>Beginning of the round in UTC (RFC 3339); null if none has ended yet.</summary>
    public string? ComputedAt { get; init; }

    /// <summary>Sums over the registry; null for a caller who may not see all of it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SpaceSumsAnswer? Registry { get; init; }

    /// <summary>The last round of each day, the oldest first, on the first page; null for a caller who may not see the whole registry.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SpaceSumsAnswer>? Days { get; init; }

    /// <summary>The repositories that the caller may pull from, by name.</summary>
    public required IReadOnlyList<RepositorySpaceAnswer> Repositories { get; init; }

    /// <summary>Path and query of the next page, as in <c>Link</c>; null for the last one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Next { get; init; }
}
