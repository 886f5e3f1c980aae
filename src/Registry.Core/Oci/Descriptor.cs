namespace Registry.Core.Oci;

/// <summary>A reference from a manifest to content (OCI image-spec, descriptor.md), with the members that the registry uses.</summary>
/// <param name="MediaType">Media type of the content; may be empty if an old manifest omits it.</param>
/// <param name="Digest">Digest of the content.</param>
/// <param name="Size">Size of the content in bytes, 0 or more.</param>
public sealed record Descriptor(string MediaType, Digest Digest, long Size);
