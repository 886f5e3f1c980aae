using Registry.Core.Events;
using Registry.Events.Configuration;

namespace Registry.Events.Status;

/// <summary>State of an endpoint, for an operator.</summary>
/// <param name="Settings">The endpoint.</param>
/// <param name="Lanes">Its lanes, as they are recorded; empty before it is held for the first time.</param>
/// <param name="End">Position of the last change.</param>
public sealed record EndpointStatus(EndpointSettings Settings, IReadOnlyList<EventLane> Lanes, long End)
{
    /// <summary>Number of events that were delivered.</summary>
    public long Delivered => Lanes.Sum(lane => lane.Delivered);

    /// <summary>Number of events that were set aside.</summary>
    public long SetAside => Lanes.Sum(lane => lane.SetAside);

    /// <summary>Number of changes that the lane which is behind most is not done with, also of changes that are not for the endpoint. Gaps of the positions count, too.</summary>
    public long Behind => Lanes.Count == 0 ? 0 : Math.Max(0, End - Lanes.Min(lane => lane.Position));

    /// <summary>Number of times that an operator has let events be sent again.</summary>
    public long Replays => Lanes.Max(lane => (long?)lane.Generation) ?? 0;

    /// <summary>Number of lanes whose last attempt failed.</summary>
    public int Failing => Lanes.Count(lane => lane.FailingSince is not null);

    /// <summary>Time of the first failed attempt of those; null without one.</summary>
    public DateTimeOffset? FailingSince => Lanes.Min(lane => lane.FailingSince);

    /// <summary>Why the last attempt of one of those failed; null without one.</summary>
    public string? Fault => Lanes.FirstOrDefault(lane => lane.FailingSince is not null)?.Fault;

    /// <summary>Scheme, host and port. The path may have a secret.</summary>
    public string Host => Settings.Url.GetLeftPart(UriPartial.Authority);
}
