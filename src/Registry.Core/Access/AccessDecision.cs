namespace Registry.Core.Access;

/// <summary>What a user may do to a repository, and the reason in words.</summary>
public sealed record AccessDecision(RepositoryActions Actions, string Reason);
