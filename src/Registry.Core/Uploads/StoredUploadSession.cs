using Registry.Core.Oci;

namespace Registry.Core.Uploads;

/// <summary>Stored session of an upload in progress.</summary>
/// <param name="Id">Id in URLs.</param>
/// <param name="Repository">Repository of the blob.</param>
/// <param name="Owner">User who began it; null for an anonymous caller.</param>
/// <param name="Algorithm">Expected algorithm of the digest.</param>
public sealed record StoredUploadSession(Guid Id, RepositoryName Repository, string? Owner, DigestAlgorithm Algorithm);
