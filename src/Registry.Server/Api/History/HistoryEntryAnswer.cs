using System.Text.Json.Serialization;
using Registry.Core.History;
using Registry.Server.Http;

namespace Registry.Server.Api.History;

/// <summary>A change of a tag.</summary>
internal sealed record HistoryEntryAnswer
{
    public required long Position { get; init; }

    /// <summary>Time in UTC (RFC 3339), to the millisecond.</summary>
    public required string Time { get; init; }

    /// <summary>The manifest that the tag was set to; null if it was deleted.</summary>
    public string? Digest { get; init; }

    /// <summary>The manifest that the tag referred to before; null if there was no such tag.</summary>
    public string? Previous { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? MediaType { get; init; }

    /// <summary>Size of the manifest in bytes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Size { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    public required OriginAnswer Origin { get; init; }

    public static HistoryEntryAnswer Of(HistoryEntry entry) => new()
    {
        Position = entry.Position,
        Time = Rfc3339.Format(entry.Time),
        Digest = entry.Digest?.Value,
        Previous = entry.Previous?.Value,
        MediaType = entry.MediaType,
        Size = entry.Size,
        Reason = entry.Reason,
        Origin = OriginAnswer.Of(entry.Origin),
    };
}
