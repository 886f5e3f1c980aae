using Registry.Core.Signatures;

namespace Registry.Server.Api.Policies;

/// <summary>What a rule says of the signatures of an image.</summary>
/// <param name="Signed">True if a user who may only pull gets the image.</param>
/// <param name="Signatures">Signatures that were read, in order; the last one counts if the image is signed.</param>
/// <param name="More">Number of further signatures, which do not count.</param>
internal sealed record SignatureVerdictAnswer(bool Signed, IReadOnlyList<SeenSignatureAnswer> Signatures, int More)
{
    // Who may push could push a thousand.
    private const int MaxShown = 20;

    /// <summary>The signatures of a verdict that are told one by one: the first ones, and the one that counts.</summary>
    public static IReadOnlyList<SeenSignature> Show(SignatureVerdict verdict) => verdict.Signatures.Count <= MaxShown
        ? verdict.Signatures
        : [.. verdict.Signatures.Take(MaxShown), .. verdict.Signatures.TakeLast(1).Where(last => last.Fault is null)];

    public static SignatureVerdictAnswer Of(SignatureVerdict verdict, IReadOnlyList<SeenSignature> shown) =>
        new(verdict.IsSigned, [.. shown.Select(SeenSignatureAnswer.Of)], verdict.Signatures.Count - shown.Count);
}
