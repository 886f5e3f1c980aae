namespace Registry.Core.Policies.Retention;

/// <summary>Times of the retention that outlive the process.</summary>
public enum RetentionMark
{
    /// <summary>Begin of the record of pulls: every pull since then is recorded. A restore ends it.</summary>
    PullsRecordedSince,

    /// <summary>The last run that the registry has made by itself, or the time at which it found rules about retention for the first time.</summary>
    LastRun,
}
