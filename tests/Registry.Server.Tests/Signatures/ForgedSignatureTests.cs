using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;

namespace Registry.Server.Tests.Signatures;

/// <summary>What who may push, but has not the key, could try. Nothing is served for it, and nothing is an error of the server.</summary>
public sealed class ForgedSignatureTests : IAsyncLifetime
{
    private const string Repository = SigningRegistry.Repository;
    private static readonly string Deep = string.Concat(Enumerable.Repeat("[", 10_000));

    private readonly TestImage _image = TestImage.Create();
    private readonly TestImage _other = TestImage.Create();
    private readonly TestSigner _forger = new();
    private SigningRegistry _registry = null!;

    private TestSigner Signer => _registry.Signer;

    public async ValueTask InitializeAsync()
    {
        _registry = await SigningRegistry.StartAsync();
        await _registry.Client.PushAsync(Repository, _image, "v1");
        await _registry.Client.PushAsync(Repository, _other, "v2");
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _forger.Dispose();
    }

    [Fact]
    public async Task The_signatures_from_which_the_forged_ones_are_made_count()
    {
        await _registry.Client.PushAsync(Repository, Signer.Tagged(Payload(_image)), TestSigner.TagOf(_image.Digest));
        await _registry.AssertServedAsync(Repository, _image, "v1");
        await _registry.Client.PushAsync(Repository, Signer.Bundle(_other));
        await _registry.AssertServedAsync(Repository, _other, "v2");
    }

    [Fact]
    public async Task A_forged_signature_under_the_tag_counts_nothing()
    {
        var genuine = Signer.Tagged(Payload(_image));
        var bytes = Signer.Sign(genuine.Blobs[1].Bytes);
        foreach (var forged in new[]
        {
            _forger.Tagged(Payload(_image)),
            Signer.Tagged(Payload(_other)),
            Signer.Tagged(Payload(_image).Replace("null", "\"x\"", StringComparison.Ordinal), Convert.ToBase64String(bytes)),
            Signer.Tagged(Payload(_image), Convert.ToBase64String([.. bytes[..^1], (byte)(bytes[^1] ^ 1)])),
            Signer.Tagged(Payload(_image), string.Empty),
            Signer.Tagged(Payload(_image), "MEUCIQ=="),
            Signer.Tagged(Payload(_image), "not base64"),
            Signer.Tagged(Payload(_image), new string('A', 100_000)),
            Signer.Tagged(Payload(_image), Convert.ToBase64String(new byte[64])),
            Signer.Tagged(Payload(_image), edit: manifest => manifest["layers"]![0]!["annotations"] = null),
            Signer.Tagged(Payload(_image), edit: manifest => manifest["layers"]![0]!["mediaType"] = TestImage.LayerType),
            Signer.Tagged(Payload(_image), edit: manifest => manifest["layers"]![0]!["mediaType"] = TestSigner.BundleType),
            Signer.Tagged(PayloadOf(_image, "atomic container signature")),
            Signer.Tagged("{}"),
            Signer.Tagged("[]"),
            Signer.Tagged("{"),
            Signer.Tagged(Deep),
            Signer.Tagged("""{"critical":{"type":"\ud800","image":{"docker-manifest-digest":"\ud800"}}}"""),
            Signer.Tagged("""{"critical":{"type":1,"image":{"docker-manifest-digest":{}}}}"""),
            Signer.Tagged(Payload(_image) + new string(' ', 1_000_000)),
            TestImage.Index([_image]),
            TestImage.Artifact(TestSigner.PayloadType),
        })
        {
            await _registry.Client.PushAsync(Repository, forged, TestSigner.TagOf(_image.Digest));
            await _registry.AssertRefusedAsync(Repository, _image, "v1");
        }
    }

    [Fact]
    public async Task A_forged_bundle_counts_nothing()
    {
        var genuine = Signer.Bundle(_image);
        foreach (var forged in new[]
        {
            _forger.Bundle(_image),
            Signer.Bundle(_image, TestSigner.Statement(_other.Digest)),
            Signer.Bundle(_image, With(statement => statement["predicateType"] = "https://cosign.sigstore.dev/attestation/v1")),
            Signer.Bundle(_image, With(statement => statement["predicateType"] = null)),
            Signer.Bundle(_image, With(statement => statement["subject"] = new JsonArray())),
            Signer.Bundle(_image, With(statement => statement["subject"] = _image.Digest)),
            Signer.Bundle(_image, payloadType: "application/json"),
            Signer.Bundle(_image, payloadType: "application/json", edit: bundle => bundle["dsseEnvelope"]!["payloadType"] = "application/vnd.in-toto+json"),
            Signer.Bundle(_image, edit: bundle => bundle["dsseEnvelope"]!["payload"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(TestSigner.Statement(_image.Digest).ToJsonString() + " "))),
            Signer.Bundle(_image, edit: bundle => bundle["dsseEnvelope"]!["signatures"] = new JsonArray()),
            Signer.Bundle(_image, edit: bundle => bundle["dsseEnvelope"]!["signatures"] = new JsonArray(1, "x", null, new JsonArray(), new JsonObject { ["sig"] = 1 })),
            Signer.Bundle(_image, edit: bundle => bundle["dsseEnvelope"]!["signatures"]![0]!["sig"] = "A"),
            Signer.Bundle(_image, edit: bundle => bundle["dsseEnvelope"] = null),
            TestSigner.Referrer(_image, $$$"""{"messageSignature":{"signature":"{{{Convert.ToBase64String(Signer.Sign(_other.Manifest.Bytes))}}}"}}"""),
            TestSigner.Referrer(_image, """{"messageSignature":{"signature":"x"}}"""),
            TestSigner.Referrer(_image, """{"dsseEnvelope":{"payload":"\ud800"}}"""),
            TestSigner.Referrer(_image, "{}"),
            TestSigner.Referrer(_image, Deep),
            TestSigner.Referrer(_image, string.Empty),
            TestSigner.Referrer(_image, Encoding.UTF8.GetString(genuine.Blobs[1].Bytes) + new string(' ', 1_000_000)),
            TestSigner.Referrer(_other, Encoding.UTF8.GetString(genuine.Blobs[1].Bytes)),
        })
        {
            await _registry.Client.PushAsync(Repository, forged);
            await _registry.AssertRefusedAsync(Repository, _image, "v1");
        }
    }

    [Fact]
    public async Task A_bundle_with_a_signature_of_the_manifest_itself_counts()
    {
        await _registry.Client.PushAsync(Repository, TestSigner.Referrer(
            _image, $$$"""{"messageSignature":{"signature":"{{{Convert.ToBase64String(Signer.Sign(_image.Manifest.Bytes))}}}"}}"""));
        await _registry.AssertServedAsync(Repository, _image, "v1");
    }

    [Fact]
    public async Task An_image_that_calls_itself_a_signature_needs_one()
    {
        foreach (var layer in new[] { Compressed(), TestBlob.Random(), new TestBlob([]), new TestBlob([.. "{}"u8, 0, .. new byte[600]]), Polyglot(), TestBlob.OfText("[]") })
        {
            var disguised = TestImage.Of(TestBlob.OfText("""{"architecture":"amd64","os":"linux"}"""), [layer], manifest =>
            {
                manifest["artifactType"] = TestSigner.BundleType;
                manifest["subject"] = _other.Describe();
                manifest["layers"]![0]!["mediaType"] = TestSigner.PayloadType;
            });
            await _registry.Client.PushAsync(Repository, disguised, TestSigner.TagOf(_other.Digest), "app");
            await _registry.AssertRefusedAsync(Repository, disguised, "app");
            await _registry.AssertRefusedAsync(Repository, disguised, TestSigner.TagOf(_other.Digest));
        }
    }

    [Fact]
    public async Task An_image_with_a_layer_beside_its_signatures_needs_one()
    {
        var disguised = TestImage.Of(TestBlob.OfText("{}"), [TestBlob.OfText("{}"), Compressed()], manifest => manifest["layers"]![0]!["mediaType"] = TestSigner.PayloadType);
        await _registry.Client.PushAsync(Repository, disguised, "app");
        await _registry.AssertRefusedAsync(Repository, disguised, "app");
    }

    private static string Payload(TestImage image) => TestSigner.Payload(image.Digest).ToJsonString();

    private static string PayloadOf(TestImage image, string type)
    {
        var payload = TestSigner.Payload(image.Digest);
        payload["critical"]!["type"] = type;
        return payload.ToJsonString();
    }

    private JsonObject With(Action<JsonObject> edit)
    {
        var statement = TestSigner.Statement(_image.Digest);
        edit(statement);
        return statement;
    }

    private static TestBlob Compressed()
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
        {
            gzip.Write(new byte[1024]);
        }

        return new TestBlob(stream.ToArray());
    }

    // An archive whose first member has a name that begins like JSON, and no byte that text does not have: Go's archive/tar reads it.
    private static TestBlob Polyglot()
    {
        var header = Encoding.ASCII.GetBytes("{\"".PadRight(100, 'x') + "0000755 0000000 0000000 00000000001 00000000000 " + "        0").ToList();
        header.AddRange(Enumerable.Repeat((byte)'y', 512 - header.Count));
        var bytes = header.ToArray();
        "0000000 0000000 "u8.CopyTo(bytes.AsSpan(329));
        var sum = bytes.Sum(value => value);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "  ").CopyTo(bytes, 148);
        return new TestBlob([.. bytes, .. new byte[1024]]);
    }
}
