using Registry.Core.Oci;

namespace Registry.Images;

/// <summary>A manifest with its bytes, which match its digest.</summary>
/// <param name="Descriptor">Type, digest and size.</param>
/// <param name="Content">Bytes of the manifest.</param>
/// <param name="Manifest">Parsed content.</param>
internal sealed record LoadedManifest(Descriptor Descriptor, ReadOnlyMemory<byte> Content, Manifest Manifest);
