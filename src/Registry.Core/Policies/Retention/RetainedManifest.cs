using Registry.Core.Oci;

namespace Registry.Core.Policies.Retention;

/// <summary>A manifest of a repository, as a retention sees it.</summary>
/// <param name="Id">Id of the manifest in the metadata.</param>
/// <param name="Digest">The manifest.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="SubjectId">Id of its subject, if the repository has that; else null.</param>
/// <param name="PushedAt">Time of its last push, to the second.</param>
/// <param name="PulledAt">Its last recorded pull; null if there is none.</param>
/// <param name="Idle">Running time for which nothing has held it, and no client was told that it exists; null while something holds it, in the trash perhaps.</param>
public readonly record struct RetainedManifest(
    long Id, Digest Digest, long Size, long? SubjectId, DateTimeOffset PushedAt, DateTimeOffset? PulledAt, TimeSpan? Idle);
