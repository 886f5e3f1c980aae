using System.Text.Json.Serialization;
using Registry.Events.Configuration;
using Registry.Events.Status;
using Registry.Server.Http;

namespace Registry.Server.Api.Events;

/// <summary>An endpoint to which events are sent, and how far.</summary>
internal sealed record EndpointAnswer
{
    /// <summary>The last attempts succeeded.</summary>
    public const string Ok = "ok";

    /// <summary>The last attempt of some repositories failed.</summary>
    public const string Failing = "failing";

    public required string Name { get; init; }

    /// <summary>Scheme, host and port. The rest of the address may have a secret.</summary>
    public required string Host { get; init; }

    /// <summary><c>cloudevents</c>, <c>distribution</c> or <c>distribution-v1</c>.</summary>
    public required string Format { get; init; }

    /// <summary><see cref="Ok"/> or <see cref="Failing"/>.</summary>
    public required string State { get; init; }

    /// <summary>Why the last attempt failed; null while none does.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>Time in UTC (RFC 3339) of the first failed attempt; null while none does.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Since { get; init; }

    /// <summary>Number of the 16 lanes whose last attempt failed.</summary>
    public required int FailingLanes { get; init; }

    /// <summary>Number of events that were delivered.</summary>
    public required long Delivered { get; init; }

    /// <summary>Number of events that were set aside.</summary>
    public required long SetAside { get; init; }

    public static EndpointAnswer Of(EndpointStatus status) => new()
    {
        Name = status.Settings.Name,
        Host = status.Host,
        Format = EventFormatName.Of(status.Settings.Format),
        State = status.Failing == 0 ? Ok : Failing,
        Reason = status.Fault,
        Since = status.FailingSince is { } since ? Rfc3339.Format(since) : null,
        FailingLanes = status.Failing,
        Delivered = status.Delivered,
        SetAside = status.SetAside,
    };
}
