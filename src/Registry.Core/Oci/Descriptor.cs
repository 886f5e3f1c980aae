namespace Registry.Core.Oci;

/// <summary>A reference from a manifest to content (OCI image-spec, descriptor.md), as far as a registry acts on it.</summary>
/// <param name="MediaType">The type of the content; may be empty where an old manifest leaves it out.</param>
/// <param name="Digest">Its address.</param>
/// <param name="Size">Its size in bytes, 0 or more.</param>
public sealed record Descriptor(string MediaType, Digest Digest, long Size);
