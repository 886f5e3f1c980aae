using System.Text.Json.Serialization;
using Registry.Core.Space;

namespace Registry.Server.Api.Space;

/// <summary>Space of a repository in the last round, in bytes.</summary>
internal sealed record RepositorySpaceAnswer
{
    public required string Repository { get; init; }

    /// <summary>Size of its manifests and of what they refer to.</summary>
    public long Referred { get; init; }

    /// <summary>The part of it that no other repository holds; null for a caller who may not see the whole registry.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Unique { get; init; }

    /// <summary>The rest of it; null for a caller who may not see the whole registry.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Shared { get; init; }

    /// <summary>Size of what only its trash holds; null for a caller who may not see the whole registry.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Trash { get; init; }

    public static RepositorySpaceAnswer Of(string repository, RepositorySpace space, bool isWhole) => new()
    {
        Repository = repository,
        Referred = space.Referred,
        Unique = isWhole ? space.Unique : null,
        Shared = isWhole ? space.Referred - space.Unique : null,
        Trash = isWhole ? space.Trash : null,
    };
}
