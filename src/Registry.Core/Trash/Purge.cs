namespace Registry.Core.Trash;

/// <summary>What a purge has removed from a repository.</summary>
/// <param name="Content">The manifest, first, and each blob and manifest that only it held.</param>
public sealed record Purge(IReadOnlyList<PurgedContent> Content);
