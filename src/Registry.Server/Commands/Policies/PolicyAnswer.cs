namespace Registry.Server.Commands.Policies;

/// <summary>A rule in the answer of <c>registry policy explain</c>.</summary>
/// <param name="Rule">Its place in the file, from 1.</param>
/// <param name="Line">Its line in the file, from 1.</param>
/// <param name="Repository">Its pattern of repositories.</param>
/// <param name="Says">What it says about the repository or the tag, as clauses.</param>
internal sealed record PolicyAnswer(int Rule, int Line, string Repository, IReadOnlyList<string> Says);
