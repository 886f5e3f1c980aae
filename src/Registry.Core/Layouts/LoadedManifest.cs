using Registry.Core.Oci;

namespace Registry.Core.Layouts;

/// <summary>A manifest with its bytes, which have its digest.</summary>
/// <param name="Descriptor">Its type, digest and size.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="Manifest">What they say.</param>
internal sealed record LoadedManifest(Descriptor Descriptor, byte[] Content, Manifest Manifest);
