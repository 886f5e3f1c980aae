namespace Registry.Server.Health;

/// <summary>Result of a health check.</summary>
internal enum HealthState
{
    /// <summary>All is well.</summary>
    Ok,

    /// <summary>The operator should act; pulls work.</summary>
    Warning,

    /// <summary>The registry cannot serve clients.</summary>
    Failed,
}
