using Registry.Core.Oci;

namespace Registry.Images.Layouts;

/// <summary>A manifest that the index of a layout lists.</summary>
/// <param name="Descriptor">The manifest.</param>
/// <param name="RefName">Value of <c>org.opencontainers.image.ref.name</c>: a tag, or a full name; null without it.</param>
/// <param name="ImageName">Value of <c>io.containerd.image.name</c>: a full name; null without it.</param>
/// <param name="ArtifactType">Artifact type; null if unknown.</param>
internal sealed record LayoutEntry(Descriptor Descriptor, string? RefName = null, string? ImageName = null, string? ArtifactType = null);
