using Registry.Core.Oci;

namespace Registry.Core.Metadata;

/// <summary>
/// References of a manifest that its repository must have when the manifest is pushed, or the push is refused with MANIFEST_BLOB_UNKNOWN. Decided here;
/// the engine of the metadata looks them up, in the transaction that records the manifest.
/// </summary>
public sealed class RequiredReferences
{
    private RequiredReferences()
    {
    }

    /// <summary>Blobs that the repository must see. May contain duplicates.</summary>
    public IEnumerable<Digest> Blobs { get; private init; } = [];

    /// <summary>Content that the repository must have, as a manifest or as a blob. May contain duplicates.</summary>
    public IEnumerable<Digest> Content { get; private init; } = [];

    /// <summary>Decides what a manifest requires. Its subject need never exist (OCI distribution-spec, "Pushing Manifests with Subject").</summary>
    public static RequiredReferences Of(Manifest manifest, ManifestReferences setting)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return new RequiredReferences
        {
            Blobs = setting == ManifestReferences.Sparse ? [] : manifest.Blobs.Select(blob => blob.Digest),

            // An index may list blobs, too (OCI image-spec, image-index.md, "manifests").
            Content = setting == ManifestReferences.Strict ? manifest.Manifests.Select(child => child.Digest) : [],
        };
    }
}
