using Registry.Core.Oci;

namespace Registry.Core.Trash;

/// <summary>What one transaction of a purge has removed.</summary>
/// <param name="Repository">Row of the repository.</param>
/// <param name="Manifest">The removed manifest.</param>
/// <param name="Blobs">Blobs that only it held, removed with it.</param>
/// <param name="Children">Manifests that only it held, which are still there.</param>
public sealed record PurgeStep(long Repository, Digest Manifest, IReadOnlyList<Digest> Blobs, IReadOnlyList<Digest> Children);
