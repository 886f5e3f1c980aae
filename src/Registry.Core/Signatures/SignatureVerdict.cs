namespace Registry.Core.Signatures;

/// <summary>What a rule says of an image, for people.</summary>
/// <param name="IsSigned">True if a pull is served.</param>
/// <param name="Signatures">Signatures that were read, in order: those of the image, then those of the indexes that list it. The last one counts if the image is signed.</param>
public sealed record SignatureVerdict(bool IsSigned, IReadOnlyList<SeenSignature> Signatures)
{
    /// <summary>True if the image needs no signature, since it is one, or an attestation.</summary>
    public bool NeedsNone => IsSigned && Signatures.Count == 0;
}
