using Registry.Core.Oci;

namespace Registry.Core.Signatures;

/// <summary>
/// Reads signatures in the format that cosign has had from its beginning: a payload that names the manifest, as a layer, and the signature of the payload in an annotation of
/// that layer (sigstore/cosign, specs/SIGNATURE_SPEC.md).
/// </summary>
internal static class SimpleSigning
{
    /// <summary>Media type of a payload.</summary>
    public const string MediaType = "application/vnd.dev.cosign.simplesigning.v1+json";

    /// <summary>Annotation of a payload with its signature, in base64.</summary>
    public const string Annotation = "dev.cosignproject.cosign/signature";

    private const string PayloadType = "cosign container image signature";

    /// <summary>Reads a payload and its signature.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="signature">The annotation; null without one.</param>
    /// <param name="image">The manifest that it must be for.</param>
    /// <param name="fault">What is wrong with it, as a clause; null if nothing is.</param>
    public static SignedMessage? Read(ReadOnlyMemory<byte> payload, string? signature, Digest image, out string? fault)
    {
        using var document = LenientJson.Parse(payload);
        var critical = document?.RootElement.Member("critical");
        var type = critical?.Text("type");
        var named = critical?.Member("image")?.Text("docker-manifest-digest");
        var bytes = Base64.Decode(signature, KeySignatures.MaxSize);
        fault = type is null || named is null ? "its payload cannot be read"
            : type != PayloadType ? "its payload is no signature of an image"
            : named != image.Value ? $"it is for {Shown.Of(named)}"
            : bytes is null ? $"its annotation {Annotation} is no signature"
            : null;
        return fault is null ? new SignedMessage(payload.ToArray(), [bytes!]) : null;
    }
}
