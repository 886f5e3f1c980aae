using Registry.Core.Oci;

namespace Registry.Core.Space;

/// <summary>Space of a tag, in bytes.</summary>
/// <param name="Name">The tag.</param>
/// <param name="Digest">Its manifest.</param>
/// <param name="Referred">Size of the manifest and of all that it refers to, directly or through the manifests of an index, each counted once.</param>
/// <param name="Unique">
/// What becomes free when the manifest is deleted with all its tags, and everything has expired that only it holds: its blobs, the manifests of an index, referrers.
/// </param>
public readonly record struct TagSpace(string Name, Digest Digest, long Referred, long Unique);
