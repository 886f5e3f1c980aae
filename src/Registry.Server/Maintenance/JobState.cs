namespace Registry.Server.Maintenance;

/// <summary>State of a maintenance job.</summary>
internal enum JobState
{
    Running,

    /// <summary>It has done what was asked for.</summary>
    Succeeded,

    /// <summary>It was refused, could not be done, or has found damage.</summary>
    Failed,

    /// <summary>A person, or the stop of the registry, has ended it.</summary>
    Cancelled,
}
