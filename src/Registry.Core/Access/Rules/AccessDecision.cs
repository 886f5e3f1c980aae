namespace Registry.Core.Access.Rules;

/// <summary>Actions that a user may perform on a repository, and the reason in words.</summary>
public sealed record AccessDecision(RepositoryActions Actions, string Reason);
