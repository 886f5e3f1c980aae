namespace Registry.Server.Commands.Access;

/// <summary>Answer of <c>registry access explain</c>.</summary>
/// <param name="IsAllowed">True when the rules allow the action.</param>
/// <param name="Reason">The rule that decides, in a sentence.</param>
/// <param name="Actions">All actions that this rule allows.</param>
internal sealed record AccessAnswer(bool IsAllowed, string Reason, IReadOnlyList<string> Actions);
