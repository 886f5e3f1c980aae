namespace Registry.Mirror.Images;

/// <summary>What was removed from a mirrored repository.</summary>
/// <param name="Manifests">Number of manifests.</param>
/// <param name="Blobs">Number of blobs of the repository that no other manifest of it needs.</param>
/// <param name="Left">Bytes that could not be removed, each as a clause for people. The collector tries again.</param>
public sealed record ForgottenImage(long Manifests, long Blobs, IReadOnlyList<string> Left);
