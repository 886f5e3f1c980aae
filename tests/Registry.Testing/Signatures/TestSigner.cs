using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Registry.Testing.Signatures;

/// <summary>Signs images as cosign does, with a key of its own; and wrongly, where a test asks for that.</summary>
public sealed class TestSigner : IDisposable
{
    public const string PayloadType = "application/vnd.dev.cosign.simplesigning.v1+json";
    public const string BundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
    public const string Annotation = "dev.cosignproject.cosign/signature";
    public const string SignaturePredicate = "https://sigstore.dev/cosign/sign/v1";
    private const string StatementType = "application/vnd.in-toto+json";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>The public key as PEM.</summary>
    public string PublicKey => _key.ExportSubjectPublicKeyInfoPem();

    /// <summary>Tag of the signatures of an image.</summary>
    public static string TagOf(string digest) => $"{digest?.Replace(':', '-')}.sig";

    /// <summary>A payload that names an image.</summary>
    public static JsonObject Payload(string digest) => new()
    {
        ["critical"] = new JsonObject
        {
            ["identity"] = new JsonObject { ["docker-reference"] = "registry.example.com/app" },
            ["image"] = new JsonObject { ["docker-manifest-digest"] = digest },
            ["type"] = "cosign container image signature",
        },
        ["optional"] = null,
    };

    /// <summary>A statement that names an image.</summary>
    public static JsonObject Statement(string digest) => new()
    {
        ["_type"] = "https://in-toto.io/Statement/v1",
        ["subject"] = new JsonArray(new JsonObject { ["digest"] = new JsonObject { [digest?.Split(':')[0] ?? ""] = digest?.Split(':')[1] } }),
        ["predicateType"] = SignaturePredicate,
        ["predicate"] = new JsonObject(),
    };

    /// <summary>Signs bytes.</summary>
    public byte[] Sign(byte[] bytes) => _key.SignData(bytes, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    /// <summary>The manifest of a signature under a tag.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="signature">Its signature in base64; null for the right one.</param>
    /// <param name="edit">Changes the manifest.</param>
    public TestImage Tagged(string payload, string? signature = null, Action<JsonObject>? edit = null)
    {
        var content = TestBlob.OfText(payload);
        return Artifact(content, PayloadType, manifest =>
        {
            manifest["layers"]![0]!["annotations"] = new JsonObject { [Annotation] = signature ?? Convert.ToBase64String(Sign(content.Bytes)) };
            edit?.Invoke(manifest);
        });
    }

    /// <summary>The manifest of a bundle.</summary>
    /// <param name="image">The image that it refers to.</param>
    /// <param name="statement">The statement; null for the right one.</param>
    /// <param name="payloadType">Type of the statement.</param>
    /// <param name="edit">Changes the bundle after it was signed.</param>
    public TestImage Bundle(TestImage image, JsonObject? statement = null, string payloadType = StatementType, Action<JsonObject>? edit = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(payloadType);
        statement ??= Statement(image.Digest);
        var payload = Encoding.UTF8.GetBytes(statement.ToJsonString());
        byte[] signed = [.. Encoding.UTF8.GetBytes($"DSSEv1 {payloadType.Length} {payloadType} {payload.Length} "), .. payload];
        var bundle = new JsonObject
        {
            ["mediaType"] = BundleType,
            ["dsseEnvelope"] = new JsonObject
            {
                ["payload"] = Convert.ToBase64String(payload),
                ["payloadType"] = payloadType,
                ["signatures"] = new JsonArray(new JsonObject { ["sig"] = Convert.ToBase64String(Sign(signed)) }),
            },
        };
        edit?.Invoke(bundle);
        return Referrer(image, bundle.ToJsonString(), (string?)statement["predicateType"]);
    }

    /// <summary>The manifest of a bundle with any content.</summary>
    public static TestImage Referrer(TestImage image, string bundle, string? predicate = null) => Artifact(TestBlob.OfText(bundle), BundleType, manifest =>
    {
        manifest["artifactType"] = BundleType;
        manifest["subject"] = image?.Describe();
        if (predicate is not null)
        {
            manifest["annotations"] = new JsonObject { ["dev.sigstore.bundle.predicateType"] = predicate };
        }
    });

    public void Dispose() => _key.Dispose();

    private static TestImage Artifact(TestBlob content, string type, Action<JsonObject> edit) => TestImage.Of(TestBlob.OfText("{}"), [content], manifest =>
    {
        manifest["layers"]![0]!["mediaType"] = type;
        edit(manifest);
    });
}
