namespace Registry.Core.Oci;

/// <summary>
/// Tags under which clients store what belongs to another manifest: <c>sha256-&lt;hex&gt;.sig</c>, <c>.att</c> and <c>.sbom</c> of cosign (sigstore/cosign, "specs/SIGNATURE_SPEC.md"), and
/// <c>sha256-&lt;hex&gt;</c>, the list of the referrers for registries without their API (OCI distribution-spec, "Referrers Tag Schema").
/// </summary>
public static class SignatureTag
{
    private const string Algorithm = "sha256";
    private const int HexLength = 64;

    /// <summary>Finds the manifest that a tag belongs to; null for any other tag.</summary>
    public static Digest? FindSubject(Tag tag)
    {
        const int End = 1 + HexLength;
        var text = tag.Value.AsSpan();
        if (!text.StartsWith($"{Algorithm}-", StringComparison.Ordinal) || text.Length < Algorithm.Length + End)
        {
            return null;
        }

        var rest = text[(Algorithm.Length + End)..];
        return (rest.IsEmpty || rest[0] == '.') && Digest.TryParse($"{Algorithm}:{text[(Algorithm.Length + 1)..(Algorithm.Length + End)]}", out var subject) ? subject : null;
    }
}
