using System.Text.RegularExpressions;

namespace Registry.Core.Oci;

/// <summary>
/// Tags that stand for what is attached to an image: those of cosign for signatures, attestations and SBOMs (<c>sha256-….sig</c>, <c>.att</c>, <c>.sbom</c>), and the tag with
/// the referrers of an image for clients that know no other way (OCI distribution-spec, "Referrers Tag Schema").
/// </summary>
public static partial class AttachedTag
{
    /// <summary>True if a tag is one of these.</summary>
    public static bool Is(Tag tag) => Form().IsMatch(tag.Value);

    /// <summary>Finds the manifest that a tag belongs to; null for any other tag, and for a digest that is cut off, as those of SHA-512 are.</summary>
    public static Digest? FindSubject(Tag tag) =>
        Is(tag) && tag.Value.StartsWith("sha256-", StringComparison.Ordinal) ? Digest.Parse($"sha256:{tag.Value.AsSpan(7, 64)}") : null;

    /// <summary>Beginning of the tags that belong to a manifest.</summary>
    public static string PrefixOf(Digest subject) => $"{subject.Algorithm.Name}-{subject.Hex}";

    [GeneratedRegex(@"^sha(256-[0-9a-f]{64}|512-[0-9a-f]{64,115})(\.(sig|att|sbom))?$", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
