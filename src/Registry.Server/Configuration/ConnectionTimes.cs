namespace Registry.Server.Configuration;

/// <summary>Time limits of connections, other than <see cref="RegistryOptions.IdleTimeout"/>. These are not settings; tests shorten them.</summary>
internal sealed record ConnectionTimes
{
    /// <summary>Least rate of a transfer. A client that is slower for longer than <see cref="SlowGrace"/> is holding the connection open on purpose.</summary>
    public double MinBytesPerSecond { get; init; } = 1024;

    /// <summary>Time for which a body or a file may be slower than <see cref="MinBytesPerSecond"/>.</summary>
    public TimeSpan SlowGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time in which a body that is held in memory must be complete, whatever its rate: a manifest of 4 MiB then needs 70 KiB/s.</summary>
    public TimeSpan HeldBody { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time from the first byte of a request to the end of its headers.</summary>
    public TimeSpan Headers { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time from the end of a response to the first byte of the next request. The default is Kestrel's.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>Time that requests in flight get to finish, and clients to take their answers, when the registry stops.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(10);
}
