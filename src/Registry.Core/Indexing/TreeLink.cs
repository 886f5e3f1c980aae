using Registry.Core.Oci;

namespace Registry.Core.Indexing;

/// <summary>A link that the tree has when it is up to date.</summary>
/// <param name="Kind">Kind of the link.</param>
/// <param name="Digest">Blob or manifest that it refers to.</param>
/// <param name="Tag">The tag, for links of tags; else null.</param>
/// <param name="Position">Position among the links of its kind, and tag, in the engine; a listing continues after it.</param>
public sealed record TreeLink(TreeLinkKind Kind, Digest Digest, Tag? Tag, long Position);
