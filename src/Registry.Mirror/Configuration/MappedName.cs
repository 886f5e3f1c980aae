using Registry.Core.Oci;

namespace Registry.Mirror.Configuration;

/// <summary>The repository that a request means.</summary>
/// <param name="Local">Its name here.</param>
/// <param name="Mirrored">The same with its upstream; null for a repository of this registry.</param>
/// <param name="Namespace">Value of the header <c>OCI-Namespace</c> of the response (OCI distribution-spec, "Registry Proxying"); null for none.</param>
public readonly record struct MappedName(RepositoryName Local, MirroredName? Mirrored, string? Namespace);
