using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Metadata;

/// <summary>A deleted manifest with its tags, or a deleted tag.</summary>
/// <param name="Digest">The manifest, or the manifest of the tag.</param>
/// <param name="Size">Size of the manifest in bytes; null if only a tag was deleted.</param>
/// <param name="Tags">The deleted tags.</param>
public sealed record ManifestDeletion(Digest Digest, long? Size, IReadOnlyList<Tag> Tags)
{
    /// <summary>
    /// The answer to a deletion that another change has stopped: it had deleted some of very many tags, and the manifest and the others are left or were
    /// deleted by another request. Null if all is deleted.
    /// </summary>
    public RegistryError? Stopped { get; init; }

    /// <summary>The fault of the storage that has stopped the deletion in the same way. The caller throws it again. Null if there was none.</summary>
    public Exception? Fault { get; init; }
}
