using System.Text.Json.Serialization;
using Registry.Core.Collection;

namespace Registry.Server.Api.Inventory;

/// <summary>Why a manifest is kept.</summary>
internal sealed record ManifestKeepAnswer
{
    /// <summary><c>held</c>, <c>unsettled</c>, <c>root</c>, <c>pinned</c>, <c>mirrored</c> or <c>expiring</c>.</summary>
    public required string State { get; init; }

    /// <summary>What refers to it: <c>tags</c>, <c>parents</c>, <c>subject</c> and <c>trash</c>.</summary>
    public required IReadOnlyList<string> By { get; init; }

    /// <summary>Upstream from which the repository is mirrored.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Upstream { get; init; }

    /// <summary>Running time since something last held it, or an answer promised it, in seconds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? IdleSeconds { get; init; }

    /// <summary>Running time until it expires, in seconds; negative when overdue.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? ExpiresAfterSeconds { get; init; }

    public static ManifestKeepAnswer Of(ManifestKeep keep) => new()
    {
        State = keep.Standing switch
        {
            ManifestStanding.Held => "held",
            ManifestStanding.Unsettled => "unsettled",
            ManifestStanding.Root => "root",
            ManifestStanding.Pinned => "pinned",
            ManifestStanding.Mirrored => "mirrored",
            _ => "expiring",
        },
        By = [.. new[] { keep.ByTag ? "tags" : null, keep.ByParent ? "parents" : null, keep.BySubject is null ? null : "subject", keep.ByTrash ? "trash" : null }.OfType<string>()],
        Upstream = keep.Upstream,
        IdleSeconds = keep.IdleSeconds,
        ExpiresAfterSeconds = keep.ExpiresAfterSeconds,
    };
}
