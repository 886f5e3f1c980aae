namespace Registry.Server.Health;

/// <summary>What a check has found.</summary>
internal enum HealthState
{
    /// <summary>All is well.</summary>
    Ok,

    /// <summary>Somebody should know; pulls work.</summary>
    Warning,

    /// <summary>The registry cannot do what it is for.</summary>
    Failed,
}
