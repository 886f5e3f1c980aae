namespace Registry.Core.Storage;

/// <summary>How far the verification has got.</summary>
/// <param name="StartedAt">When the last pass began, in seconds of <see cref="RunningClock"/>; null before the first.</param>
/// <param name="Position">The <see cref="StoredContent.Id"/> that the pass under way has verified last; null when none is under way.</param>
public sealed record VerificationProgress(long? StartedAt, long? Position)
{
    /// <summary>How much the pass under way has found damaged, missing or unreadable so far, over all restarts.</summary>
    public long Findings { get; init; }

    /// <summary>When a pass last went through everything, as Unix time in seconds; null before the first.</summary>
    public long? EndedAt { get; init; }

    /// <summary>How much that pass found.</summary>
    public long LastFindings { get; init; }
}
