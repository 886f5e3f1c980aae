using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Signatures;

/// <summary>Where the signatures of an image are: the names and types by which cosign stores them.</summary>
public static class SignatureNames
{
    /// <summary>Number of manifests with signatures that are read of an image, or of an index that lists it.</summary>
    public const int MaxManifests = 32;

    /// <summary>Size of the largest payload or bundle that is read, in bytes.</summary>
    public const int MaxLayer = 256 * 1024;

    /// <summary>Types of referrers that hold signatures: bundles, and those by which cosign 2 stores a signature when it is told to.</summary>
    public static readonly IReadOnlyList<string> ReferrerTypes = [SigstoreBundle.MediaType, "application/vnd.dev.cosign.artifact.sig.v1+json"];

    /// <summary>Tag under which cosign stores the signatures of an image; null if there is none, since it would be too long.</summary>
    public static Tag? TagOf(Digest image) => Tag.TryParse($"{AttachedTag.PrefixOf(image)}.sig", out var tag) ? tag : null;

    /// <summary>
    /// True unless a referrer of such a type says that it is an attestation. An image may get a signed report of a scan every night, under the same type as its signature.
    /// </summary>
    public static bool MayHold(Referrer referrer)
    {
        ArgumentNullException.ThrowIfNull(referrer);
        using var annotations = LenientJson.Parse(referrer.Annotations);
        return annotations?.RootElement.Text(SigstoreBundle.PredicateAnnotation) is not { } predicate || predicate == SigstoreBundle.SignaturePredicate;
    }

    /// <summary>True if a layer of this type is a signature.</summary>
    public static bool IsLayer(string? mediaType) => mediaType is SimpleSigning.MediaType or SigstoreBundle.MediaType;
}
