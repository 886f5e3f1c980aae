using System.Text.Json.Serialization;
using Registry.Core.Inventory;
using Registry.Server.Http;

namespace Registry.Server.Api.Inventory;

/// <summary>A repository in a list.</summary>
internal sealed record RepositoryEntryAnswer
{
    public required string Repository { get; init; }

    /// <summary>Number of tags, counted up to a thousand.</summary>
    public long Tags { get; init; }

    /// <summary>True if there are more tags.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool MoreTags { get; init; }

    /// <summary>Number of manifests, counted up to a thousand.</summary>
    public long Manifests { get; init; }

    /// <summary>True if there are more manifests.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool MoreManifests { get; init; }

    /// <summary>Size of the manifests and of what they need in bytes, as of <see cref="RepositoryListAnswer.SizesAt"/>; 0 if the repository is newer.</summary>
    public long Size { get; init; }

    /// <summary>Time of the last push in UTC (RFC 3339); null if none is recorded.</summary>
    public string? PushedAt { get; init; }

    /// <summary>User of the last push; null for a caller without credentials, and if none is recorded.</summary>
    public string? PushedBy { get; init; }

    public static RepositoryEntryAnswer Of(RepositoryEntry entry) => new()
    {
        Repository = entry.Name.Value,
        Tags = entry.Tags.Count,
        MoreTags = entry.Tags.IsMore,
        Manifests = entry.Manifests.Count,
        MoreManifests = entry.Manifests.IsMore,
        Size = entry.Size,
        PushedAt = entry.PushedAt is { } at ? Rfc3339.Format(at) : null,
        PushedBy = entry.PushedBy,
    };
}
