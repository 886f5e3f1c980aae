using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>What is answered about a manifest without reading it.</summary>
/// <param name="Digest">Its address, in the algorithm that it was asked for or, by tag, that the tag was set with.</param>
/// <param name="MediaType">What it is served as.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="IsIdle">
/// Whether nothing in its repository holds it, neither a tag nor an index nor its subject: then it may go, unless it is promised.
/// </param>
public sealed record StoredManifest(Digest Digest, string MediaType, long Size, bool IsIdle = false);
