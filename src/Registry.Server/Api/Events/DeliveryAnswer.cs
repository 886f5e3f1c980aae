using System.Text.Json.Serialization;
using Registry.Core.Changes;
using Registry.Core.Events;
using Registry.Server.Http;

namespace Registry.Server.Api.Events;

/// <summary>An event that has ended at an endpoint.</summary>
internal sealed record DeliveryAnswer
{
    /// <summary>The event was delivered.</summary>
    public const string Delivered = "delivered";

    /// <summary>The event was given up after 3 days.</summary>
    public const string SetAside = "set-aside";

    /// <summary>All states.</summary>
    public static IReadOnlyList<string> States { get; } = [Delivered, SetAside];

    /// <summary>Time in UTC (RFC 3339), to the millisecond.</summary>
    public required string Time { get; init; }

    /// <summary><see cref="Delivered"/> or <see cref="SetAside"/>.</summary>
    public required string State { get; init; }

    /// <summary>Position of the change: the second part of the id of the event.</summary>
    public required long Position { get; init; }

    /// <summary>One of <see cref="ChangeKindName.All"/>.</summary>
    public required string Kind { get; init; }

    public required string Repository { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Tag { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Digest { get; init; }

    /// <summary>Number of attempts; 0 for an event that was set aside with earlier ones, without an attempt.</summary>
    public required int Attempts { get; init; }

    /// <summary>Status of the last answer; null if there was none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Status { get; init; }

    /// <summary>Why the last attempt failed; null if it succeeded.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>Time of the last attempt.</summary>
    public required long Milliseconds { get; init; }

    public static DeliveryAnswer Of(EventDelivery delivery) => new()
    {
        Time = Rfc3339.Format(delivery.Time),
        State = delivery.IsSetAside ? SetAside : Delivered,
        Position = delivery.Position,
        Kind = ChangeKindName.Of(delivery.Kind),
        Repository = delivery.Repository.Value,
        Tag = delivery.Tag?.Value,
        Digest = delivery.Digest?.Value,
        Attempts = delivery.Attempts,
        Status = delivery.Status,
        Reason = delivery.Fault,
        Milliseconds = delivery.Milliseconds,
    };
}
