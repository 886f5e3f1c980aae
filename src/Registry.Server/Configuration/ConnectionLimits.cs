namespace Registry.Server.Configuration;

/// <summary>How long a connection may take, but for pauses (<see cref="RegistryOptions.IdleTimeout"/>). They are no settings; tests shorten them instead of waiting.</summary>
internal sealed record ConnectionLimits
{
    /// <summary>Slower than this for longer than <see cref="SlowGrace"/> is no network but a client that holds a connection open.</summary>
    public double MinBytesPerSecond { get; init; } = 1024;

    /// <summary>How long a body or a file may be slower than <see cref="MinBytesPerSecond"/>.</summary>
    public TimeSpan SlowGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>From the first byte of a request to the end of its headers.</summary>
    public TimeSpan Headers { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the end of an answer to the first byte of the next request; the default is Kestrel's.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>How long requests in flight may go on when the registry stops.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(10);
}
