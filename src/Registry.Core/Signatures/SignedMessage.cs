using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Signatures;

/// <summary>What was signed to say that an image is signed, and the signatures of it. Whether a key has made them is not known yet.</summary>
/// <param name="Message">The signed bytes; null if they are those of the manifest itself.</param>
/// <param name="Signatures">The signatures, of which one is enough.</param>
internal sealed record SignedMessage(byte[]? Message, IReadOnlyList<byte[]> Signatures)
{
    /// <summary>Finds the key that has made one of the signatures; null if none of the keys has.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="image">The manifest that the signatures are for.</param>
    public SigningKey? FindKey(IEnumerable<SigningKey> keys, Digest image) => keys.FirstOrDefault(key => Signatures.Any(signature => Message is null
        ? KeySignatures.IsOfDigest(key, image, signature)
        : KeySignatures.IsOfMessage(key, Message, signature)));
}
