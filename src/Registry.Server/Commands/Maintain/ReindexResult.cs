namespace Registry.Server.Commands.Maintain;

/// <summary>The rebuilt metadata, which <c>registry reindex</c> reports.</summary>
/// <param name="StoragePath">The data folder.</param>
/// <param name="Repositories">Number of repositories that have a manifest.</param>
/// <param name="Tags">Number of tags.</param>
/// <param name="Manifests">Number of manifests, each counted once for each repository.</param>
/// <param name="Kept">File with the old metadata that could not be read; null when they could.</param>
internal sealed record ReindexResult(string StoragePath, long Repositories, long Tags, long Manifests, string? Kept);
