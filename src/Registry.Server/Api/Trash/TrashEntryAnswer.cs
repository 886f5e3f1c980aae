using System.Text.Json.Serialization;
using Registry.Core.Trash;
using Registry.Server.Http;

namespace Registry.Server.Api.Trash;

/// <summary>A deleted manifest that can be restored.</summary>
internal sealed record TrashEntryAnswer
{
    /// <summary>Number of the entry, which is also its entity tag.</summary>
    public required long Id { get; init; }

    public required string Repository { get; init; }

    public required string Digest { get; init; }

    public required string MediaType { get; init; }

    /// <summary>Size of the manifest in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Size in bytes of the manifest and of all that it referred to, each digest once. Of an index, this has its manifests, not their layers.</summary>
    public required long HeldSize { get; init; }

    /// <summary>Time of the deletion in UTC (RFC 3339), to the millisecond.</summary>
    public required string Time { get; init; }

    /// <summary>Running time until the entry goes by itself, in seconds.</summary>
    public required long ExpiresIn { get; init; }

    /// <summary>False if something is gone without which it cannot be restored.</summary>
    public required bool Complete { get; init; }

    /// <summary>Tags that were deleted with it, at most 100.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>True if there are more tags.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool MoreTags { get; init; }

    public required OriginAnswer Origin { get; init; }

    public static TrashEntryAnswer Of(TrashEntry entry, long expiresIn) => new()
    {
        Id = entry.Id,
        Repository = entry.Repository.Value,
        Digest = entry.Digest.Value,
        MediaType = entry.MediaType,
        Size = entry.Size,
        HeldSize = entry.HeldSize,
        Time = Rfc3339.Format(entry.Time),
        ExpiresIn = expiresIn,
        Complete = entry.IsComplete,
        Tags = [.. entry.Tags.Take(TrashEntry.MaxListedTags).Select(tag => tag.Value)],
        MoreTags = entry.HasMoreTags || entry.Tags.Count > TrashEntry.MaxListedTags,
        Origin = OriginAnswer.Of(entry.Origin),
    };
}
