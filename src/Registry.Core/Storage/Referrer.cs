using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>An entry of the referrers listing (OCI distribution-spec, "Listing Referrers").</summary>
/// <param name="Digest">The manifest that has the subject.</param>
/// <param name="MediaType">Its media type.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="ArtifactType">Its artifact type; null for an index without one.</param>
/// <param name="Annotations">Its annotations as a JSON object; null without any.</param>
public sealed record Referrer(Digest Digest, string MediaType, long Size, string? ArtifactType, string? Annotations);
