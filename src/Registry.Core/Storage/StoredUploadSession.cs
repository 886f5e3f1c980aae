using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>What is remembered of an upload in progress.</summary>
/// <param name="Id">Its name in URLs.</param>
/// <param name="Repository">The repository the blob goes to.</param>
/// <param name="Owner">The user who began it; null for an anonymous one.</param>
/// <param name="Algorithm">The algorithm its digest is expected in.</param>
public sealed record StoredUploadSession(Guid Id, RepositoryName Repository, string? Owner, DigestAlgorithm Algorithm);
