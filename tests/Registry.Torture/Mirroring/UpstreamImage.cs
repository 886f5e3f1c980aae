namespace Registry.Torture.Mirroring;

/// <summary>An image at the upstream.</summary>
/// <param name="Repository">Its repository there.</param>
/// <param name="Digest">Digest of the manifest.</param>
/// <param name="Blobs">Digests and sizes of its blobs.</param>
internal sealed record UpstreamImage(string Repository, string Digest, IReadOnlyList<(string Digest, int Size)> Blobs);
