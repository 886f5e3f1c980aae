using Registry.Core.Oci;

namespace Registry.Mirror.Upstreams;

/// <summary>A manifest of an upstream.</summary>
/// <param name="Digest">Its digest: of its bytes, or as the upstream says if they were not asked for.</param>
/// <param name="MediaType">Content-Type without parameters; null if there was none.</param>
/// <param name="Content">Its bytes; empty if only its head was needed.</param>
internal sealed record UpstreamManifest(Digest Digest, string? MediaType, ReadOnlyMemory<byte> Content);
