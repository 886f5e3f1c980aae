using Registry.Core.Oci;

namespace Registry.Core.Metadata;

/// <summary>Record of a manifest, which answers requests that do not need its bytes.</summary>
/// <param name="Digest">Digest in the algorithm of the request or, by tag, in the one that the tag was set with.</param>
/// <param name="MediaType">Media type that it is served as.</param>
/// <param name="Size">Size in bytes.</param>
/// <param name="IsIdle">
/// True if nothing in its repository holds it: no tag, no index and no subject. It may then expire, unless it is promised.
/// </param>
public sealed record StoredManifest(Digest Digest, string MediaType, long Size, bool IsIdle = false);
