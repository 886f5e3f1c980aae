namespace Registry.Bench.Scale;

/// <summary>Size of a large registry.</summary>
/// <param name="Copies">Number of teams of 100 repositories with ten manifests each, beside the first.</param>
/// <param name="ManifestsWithTags">Number of manifests in the repository with many tags.</param>
internal sealed record ScaleSize(int Copies, int ManifestsWithTags);
