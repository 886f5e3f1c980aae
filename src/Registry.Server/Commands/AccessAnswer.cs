namespace Registry.Server.Commands;

/// <summary>Whether a user may do something, and why.</summary>
/// <param name="IsAllowed">Whether.</param>
/// <param name="Reason">Which rule says so, in a sentence.</param>
/// <param name="Actions">All that it allows.</param>
internal sealed record AccessAnswer(bool IsAllowed, string Reason, IReadOnlyList<string> Actions);
