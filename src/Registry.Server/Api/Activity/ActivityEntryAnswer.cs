using System.Text.Json.Serialization;
using Registry.Core.Changes;
using Registry.Server.Http;

namespace Registry.Server.Api.Activity;

/// <summary>A change of a repository.</summary>
internal sealed record ActivityEntryAnswer
{
    public required long Position { get; init; }

    /// <summary>Time in UTC (RFC 3339), to the millisecond.</summary>
    public required string Time { get; init; }

    /// <summary>One of <see cref="ChangeKindName.All"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The repository, by its name at the time of the change.</summary>
    public required string Repository { get; init; }

    /// <summary>Name of the repository from then on, if it was renamed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? NewName { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Tag { get; init; }

    /// <summary>The manifest that was added or removed, or that the tag was set to.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Digest { get; init; }

    /// <summary>The manifest that the tag referred to before.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Previous { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? MediaType { get; init; }

    /// <summary>Size of the manifest in bytes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Size { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    public required OriginAnswer Origin { get; init; }

    public static ActivityEntryAnswer Of(RegistryChange change) => new()
    {
        Position = change.Sequence,
        Time = Rfc3339.Format(change.Time),
        Kind = ChangeKindName.Of(change.Kind),
        Repository = change.Repository.Value,
        NewName = change.NewName?.Value,
        Tag = change.Tag?.Value,
        Digest = change.Digest?.Value,
        Previous = change.Previous?.Value,
        MediaType = change.MediaType,
        Size = change.Size,
        Reason = change.Reason,
        Origin = OriginAnswer.Of(change.Origin),
    };
}
