using System.Text;
using System.Text.Json;
using Registry.Core.Oci;

namespace Registry.Core.Signatures;

/// <summary>
/// Reads signatures in Sigstore's bundle format, which cosign 3 pushes as a referrer: a DSSE envelope around an in-toto statement that names the manifest
/// (sigstore/cosign, specs/BUNDLE_SPEC.md; secure-systems-lab/dsse, protocol.md), or a signature of the manifest itself. Certificates and entries of a log are not read: the
/// key decides.
/// </summary>
internal static class SigstoreBundle
{
    /// <summary>Media type of a bundle.</summary>
    public const string MediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";

    /// <summary>Annotation of a bundle's manifest with the type of its statement, by which attestations are told without reading them.</summary>
    public const string PredicateAnnotation = "dev.sigstore.bundle.predicateType";

    /// <summary>Type of the statement that an image is signed. Attestations have others, and are none: a report of a scan with bad news is signed, too.</summary>
    public const string SignaturePredicate = "https://sigstore.dev/cosign/sign/v1";

    private const string StatementType = "application/vnd.in-toto+json";
    private const int MaxSignatures = 8;

    /// <summary>Reads a bundle.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="image">The manifest that it must be for.</param>
    /// <param name="fault">What is wrong with it, as a clause; null if nothing is.</param>
    public static SignedMessage? Read(ReadOnlyMemory<byte> bundle, Digest image, out string? fault)
    {
        using var document = LenientJson.Parse(bundle);
        var root = document?.RootElement;
        if (root?.Member("messageSignature")?.Text("signature") is { } text)
        {
            var signature = Base64.Decode(text, KeySignatures.MaxSize);
            fault = signature is null ? "its signature cannot be read" : null;
            return signature is null ? null : new SignedMessage(null, [signature]);
        }

        if (root?.Member("dsseEnvelope") is not { } envelope || Base64.Decode(envelope.Text("payload"), bundle.Length) is not { } payload)
        {
            fault = "it is no bundle that can be read";
            return null;
        }

        var type = envelope.Text("payloadType");
        IReadOnlyList<byte[]> signatures = envelope.Member("signatures") is { ValueKind: JsonValueKind.Array } list
            ? [.. list.EnumerateArray().Take(MaxSignatures).Select(one => Base64.Decode(one.Text("sig"), KeySignatures.MaxSize)).OfType<byte[]>()]
            : [];
        fault = type != StatementType ? "its envelope holds no in-toto statement"
            : signatures.Count == 0 ? "its envelope has no signature"
            : FindFault(payload, image);
        return fault is null ? new SignedMessage(Encode(StatementType, payload), signatures) : null;
    }

    private static string? FindFault(byte[] payload, Digest image)
    {
        using var document = LenientJson.Parse(payload);
        if (document?.RootElement is not { } statement)
        {
            return "its statement cannot be read";
        }

        if (statement.Text("predicateType") is var predicate && predicate != SignaturePredicate)
        {
            return $"it is an attestation ({Shown.Of(predicate ?? "of no type")}), no signature";
        }

        var subjects = statement.Member("subject") is { ValueKind: JsonValueKind.Array } list
            ? list.EnumerateArray().Take(LenientJson.MaxEntries).Select(subject => subject.Member("digest")?.Text(image.Algorithm.Name)).OfType<string>().ToList()
            : [];
        return subjects.Contains(image.Hex.ToString()) ? null
            : subjects.Count == 0 ? "its statement names no image"
            : $"it is for {Shown.Of($"{image.Algorithm.Name}:{subjects[0]}")}";
    }

    // The signed bytes of an envelope (protocol.md, "Signature Definition").
    private static byte[] Encode(string type, byte[] payload) => [.. Encoding.UTF8.GetBytes($"DSSEv1 {type.Length} {type} {payload.Length} "), .. payload];
}
