using Registry.Core.Storage;

namespace Registry.Core.Verification;

/// <summary>Progress of the verification.</summary>
/// <param name="StartedAt">Start of the last pass, in seconds of <see cref="IGraceClock"/>; null before the first.</param>
/// <param name="Position"><see cref="StoredContent.Id"/> that the pass in progress has verified last; null if none is in progress.</param>
public sealed record VerificationProgress(long? StartedAt, long? Position)
{
    /// <summary>Number of blobs and manifests that the pass in progress has found damaged, missing or unreadable, over all restarts.</summary>
    public long Findings { get; init; }

    /// <summary>End of the last complete pass, as Unix time in seconds; null before the first.</summary>
    public long? EndedAt { get; init; }

    /// <summary>Number of findings of that pass.</summary>
    public long LastFindings { get; init; }
}
