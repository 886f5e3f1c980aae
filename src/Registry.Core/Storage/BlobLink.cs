using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>Visibility of a blob in a repository.</summary>
public sealed record BlobLink(RepositoryName Repository, Digest Digest);
