using Registry.Core.Oci;

namespace Registry.Core.Collection.Records;

/// <summary>Visibility of a blob in a repository.</summary>
public sealed record BlobLink(RepositoryName Repository, Digest Digest);
