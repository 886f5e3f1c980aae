namespace Registry.Events.Delivery;

/// <summary>Times of the delivery of events.</summary>
internal sealed record EndpointLimits
{
    /// <summary>Longest time until a connection is open, with TLS.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest time of an attempt, until the head of the answer.</summary>
    public TimeSpan Attempt { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Time after the first failed attempt. It doubles with each, up to <see cref="LongestPause"/>.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest time between two attempts, unless the endpoint asks for more.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Time for which attempts are made, before an event is set aside.</summary>
    public TimeSpan GiveUp { get; init; } = TimeSpan.FromDays(3);

    /// <summary>Time for which a process holds an endpoint, when it does not renew it. An attempt begins only if it ends within.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time between two renewals.</summary>
    public TimeSpan Renewal { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time for which a position is only in memory after changes that are not for the endpoint.</summary>
    public TimeSpan Saving { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time after which something that the storage has refused is tried again.</summary>
    public TimeSpan StoragePause { get; init; } = TimeSpan.FromSeconds(1);
}
