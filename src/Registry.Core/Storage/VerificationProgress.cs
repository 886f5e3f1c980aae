namespace Registry.Core.Storage;

/// <summary>How far the verification has got.</summary>
/// <param name="StartedAt">When the last pass began, in seconds of <see cref="RunningClock"/>; null before the first.</param>
/// <param name="Position">The <see cref="StoredContent.Id"/> that the pass under way has verified last; null when none is under way.</param>
public sealed record VerificationProgress(long? StartedAt, long? Position);
