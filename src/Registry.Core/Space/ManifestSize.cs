using Registry.Core.Oci;

namespace Registry.Core.Space;

/// <summary>A manifest of a repository.</summary>
/// <param name="ContentId">Id of its content.</param>
/// <param name="Digest">Its digest.</param>
/// <param name="Size">Its size in bytes; 0 if the bytes are lost.</param>
/// <param name="SubjectId">Id of the content of its subject, which the repository need not have; null for none.</param>
/// <param name="IsElsewhere">True if another repository holds the same content.</param>
public readonly record struct ManifestSize(long ContentId, Digest Digest, long Size, long? SubjectId, bool IsElsewhere);
