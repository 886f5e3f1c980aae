using Registry.Core.Oci;

namespace Registry.Core.Collection;

/// <summary>Search for links to bytes that the metadata does not know. Bytes with a link stay: then the metadata is wrong, not the bytes.</summary>
public interface ILinkSearch
{
    /// <summary>Finds the digests that may be linked to, each with the place of a link. Blocks.</summary>
    /// <exception cref="IOException">The links cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The links cannot be read.</exception>
    IReadOnlyDictionary<Digest, string> Find(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken);
}
