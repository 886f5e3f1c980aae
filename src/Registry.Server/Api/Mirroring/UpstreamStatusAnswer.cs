using System.Text.Json.Serialization;
using Registry.Core.Mirroring;
using Registry.Mirror.Status;
using Registry.Server.Http;

namespace Registry.Server.Api.Mirroring;

/// <summary>An upstream: its settings, its state, what is here of it, and what this process has done with it.</summary>
internal sealed record UpstreamStatusAnswer
{
    /// <summary>Requests are sent.</summary>
    public const string Ok = "ok";

    /// <summary>No requests are sent for a while, after a fault.</summary>
    public const string Away = "away";

    public required string Name { get; init; }

    public required string Url { get; init; }

    /// <summary>Beginning of the names of its repositories here.</summary>
    public required string Prefix { get; init; }

    /// <summary>Values of <c>ns</c> that mean it.</summary>
    public required IReadOnlyList<string> Namespaces { get; init; }

    /// <summary><see cref="Ok"/> or <see cref="Away"/>.</summary>
    public required string State { get; init; }

    /// <summary>Why it is away; null while it is not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>Time in UTC (RFC 3339) since which it is away; null while it is not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Since { get; init; }

    /// <summary>Number of its repositories that have a manifest.</summary>
    public required long Repositories { get; init; }

    public required long Manifests { get; init; }

    /// <summary>Size of their manifests and blobs, counted once for each repository.</summary>
    public required long Bytes { get; init; }

    /// <summary>Size at which the least recently pulled images go; null for no limit.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MaxSize { get; init; }

    /// <summary>Time since its last pull after which an image goes; null for never.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? KeepSeconds { get; init; }

    /// <summary>Number of fetches of blobs at the moment.</summary>
    public required int Fetches { get; init; }

    /// <summary>Number of clients that follow them.</summary>
    public required int Readers { get; init; }

    public required long Hits { get; init; }

    public required long Misses { get; init; }

    public required long Stale { get; init; }

    /// <summary>Number of manifests that were removed to make room.</summary>
    public required long Evicted { get; init; }

    /// <summary>Number of bytes that were read from it.</summary>
    public required long ReceivedBytes { get; init; }

    /// <summary>Number of requests to it, by outcome.</summary>
    public required IReadOnlyDictionary<string, long> Requests { get; init; }

    /// <summary>Number of pulls that it grants in a period; null if it does not say.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? RateLimit { get; init; }

    /// <summary>Number of pulls that are left; null if it does not say.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? RemainingRateLimit { get; init; }

    public static UpstreamStatusAnswer Of(UpstreamStatus status, MirrorUse use)
    {
        var (settings, pulls) = (status.Settings, status.Pulls);
        return new UpstreamStatusAnswer
        {
            Name = settings.Name,
            Url = settings.Url.OriginalString,
            Prefix = settings.Prefix,
            Namespaces = settings.Namespaces,
            State = status.Away is null ? Ok : Away,
            Reason = status.Away,
            Since = status.AwaySince is { } since ? Rfc3339.Format(since) : null,
            Repositories = use.Repositories,
            Manifests = use.Manifests,
            Bytes = use.Bytes,
            MaxSize = settings.MaxSize,
            KeepSeconds = (long?)settings.Keep?.TotalSeconds,
            Fetches = status.Fetches,
            Readers = status.Readers,
            Hits = pulls.Hits,
            Misses = pulls.Misses,
            Stale = pulls.Stale,
            Evicted = pulls.Evicted,
            ReceivedBytes = status.Received,
            Requests = status.Requests.GroupBy(request => request.Outcome).ToDictionary(group => group.Key, group => group.Sum(request => request.Count)),
            RateLimit = status.RateLimit,
            RemainingRateLimit = status.RemainingRateLimit,
        };
    }
}
