using System.Text.Json.Serialization;
using Registry.Core.Space;

namespace Registry.Server.Api.Space;

/// <summary>Sums over the registry, in bytes: those of <see cref="SpaceSums"/>.</summary>
internal sealed record SpaceSumsAnswer
{
    /// <summary>The day in UTC, as in <c>2026-11-29</c>; null for the last round.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Day { get; init; }

    public required long Stored { get; init; }

    public required long Unique { get; init; }

    public required long Shared { get; init; }

    public required long Trash { get; init; }

    public required long Unreferenced { get; init; }

    public required long Uploads { get; init; }

    public required long Referred { get; init; }

    /// <summary>Number of repositories that hold something.</summary>
    public required long Repositories { get; init; }

    public static SpaceSumsAnswer Of(SpaceSums sums) => new()
    {
        Stored = sums.Stored,
        Unique = sums.Unique,
        Shared = sums.Shared,
        Trash = sums.Trash,
        Unreferenced = sums.Unreferenced,
        Uploads = sums.Uploads,
        Referred = sums.Referred,
        Repositories = sums.Repositories,
    };
}
