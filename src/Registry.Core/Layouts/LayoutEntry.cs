using Registry.Core.Oci;

namespace Registry.Core.Layouts;

/// <summary>A manifest that the index of a layout lists.</summary>
/// <param name="Descriptor">The manifest.</param>
/// <param name="RefName">What <c>org.opencontainers.image.ref.name</c> says: a tag, or a whole name; null without.</param>
/// <param name="ImageName">What <c>io.containerd.image.name</c> says: a whole name; null without.</param>
/// <param name="ArtifactType">Its artifact type; null when it is not known.</param>
internal sealed record LayoutEntry(Descriptor Descriptor, string? RefName = null, string? ImageName = null, string? ArtifactType = null);
