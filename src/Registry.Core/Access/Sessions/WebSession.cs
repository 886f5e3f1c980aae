namespace Registry.Core.Access.Sessions;

/// <summary>A log-in to the web interface.</summary>
public sealed record WebSession
{
    /// <summary>SHA-256 of the secret in the cookie: who reads the metadata cannot log in with it.</summary>
    public required byte[] Key { get; init; }

    /// <summary>The user.</summary>
    public required string User { get; init; }

    /// <summary>Fingerprint of the user's line in the htpasswd file when the session began.</summary>
    public required string Line { get; init; }

    /// <summary>Time of the log-in by the wall clock, to the millisecond.</summary>
    public required DateTimeOffset BegunAt { get; init; }

    /// <summary>Time of the last use by the wall clock, to the millisecond; up to <see cref="WebSessions.UseInterval"/> late.</summary>
    public required DateTimeOffset UsedAt { get; init; }
}
