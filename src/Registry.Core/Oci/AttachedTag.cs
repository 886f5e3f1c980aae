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

    [GeneratedRegex(@"^sha(256-[0-9a-f]{64}|512-[0-9a-f]{64,115})(\.(sig|att|sbom))?$", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
