using Registry.Server.Api.Maintenance;

namespace Registry.Server.Maintenance;

/// <summary>What is known of a job at a moment.</summary>
/// <param name="State">Its state.</param>
/// <param name="Progress">How far it is, or was when it ended; null before it has told.</param>
/// <param name="Rate">Amount a second, over the last seconds; that of its progress.</param>
/// <param name="Outcome">Its end; null while it runs.</param>
internal sealed record JobStatus(JobState State, WorkDone? Progress, double Rate, JobStatus.End? Outcome)
{
    /// <summary>Its state in a word, as in the API.</summary>
    public string Word => State switch
    {
        JobState.Running => JobAnswer.Running,
        JobState.Succeeded => "succeeded",
        JobState.Failed => "failed",
        _ => JobAnswer.Cancelled,
    };

    /// <summary>End of a job.</summary>
    /// <param name="At">Time.</param>
    /// <param name="Text">Outcome in a line, for people.</param>
    /// <param name="Numbers">Its counts, by their names.</param>
    /// <param name="Report">Outcome with its lists; null if there is none, or a later job has ended.</param>
    internal sealed record End(DateTimeOffset At, string Text, IReadOnlyDictionary<string, long> Numbers, MaintenanceReport? Report);
}
