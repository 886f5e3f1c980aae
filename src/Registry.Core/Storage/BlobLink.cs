using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>A repository's right to see a blob.</summary>
public sealed record BlobLink(RepositoryName Repository, Digest Digest);
