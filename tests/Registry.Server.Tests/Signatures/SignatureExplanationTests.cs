using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;
using Registry.Core.Signatures;

namespace Registry.Server.Tests.Signatures;

/// <summary>Why an image is taken as signed, or not: each signature that was read, and what is wrong with it.</summary>
public sealed class SignatureExplanationTests : IAsyncLifetime
{
    private readonly TestImage _image = TestImage.Create();
    private SigningRegistry _registry = null!;

    private TestSigner Signer => _registry.Signer;

    public async ValueTask InitializeAsync()
    {
        _registry = await SigningRegistry.StartAsync();
        await _registry.Client.PushAsync(SigningRegistry.Repository, _image, "v1");
    }

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    [Fact]
    public async Task Each_signature_that_does_not_count_has_its_reason()
    {
        using var other = new TestSigner();
        var (tag, payload) = (TestSigner.TagOf(_image.Digest), TestSigner.Payload(_image.Digest).ToJsonString());
        Assert.Empty((await ExplainAsync()).Signatures);
        await AssertSeenAsync(other.Tagged(payload), "it is by another key than test.pub, or altered");
        await AssertSeenAsync(Signer.Tagged(TestSigner.Payload("sha256:x").ToJsonString()), "it is for sha256:x");
        await AssertSeenAsync(Signer.Tagged("{}"), "its payload cannot be read");
        await AssertSeenAsync(Signer.Tagged(payload, "x"), $"its annotation {TestSigner.Annotation} is no signature");
        await AssertSeenAsync(TestImage.Artifact("application/example"), "it holds no signature in a format that cosign writes");
        await AssertSeenAsync(Signer.Tagged(payload + new string(' ', 300_000)), "its layer cannot be read");

        var scan = TestSigner.Statement(_image.Digest);
        scan["predicateType"] = "https://example.com/scan\u0007";
        var attestation = await _registry.Client.PushAsync(
            SigningRegistry.Repository, TestSigner.Referrer(_image, System.Text.Encoding.UTF8.GetString(Signer.Bundle(_image, scan).Blobs[1].Bytes)));
        var seen = (await ExplainAsync()).Signatures[^1];
        Assert.Equal((attestation.Digest, null, "it is an attestation (https://example.com/scan), no signature"), (seen.Manifest.Value, seen.Tag, seen.Fault));

        async Task AssertSeenAsync(TestImage signature, string fault)
        {
            await _registry.Client.PushAsync(SigningRegistry.Repository, signature, tag);
            var verdict = await ExplainAsync();
            Assert.False(verdict.IsSigned);
            var seen = Assert.Single(verdict.Signatures);
            Assert.Equal((signature.Digest, tag, null, fault), (seen.Manifest.Value, seen.Tag?.Value, seen.Key, seen.Fault));
        }
    }

    [Fact]
    public async Task The_last_signature_is_the_one_that_counts_with_its_key()
    {
        var index = await _registry.Client.PushAsync(SigningRegistry.Repository, TestImage.Index([_image]));
        await _registry.Client.PushAsync(SigningRegistry.Repository, TestSigner.Referrer(_image, "{}"));
        var signature = await _registry.Client.PushAsync(SigningRegistry.Repository, Signer.Bundle(index));
        var verdict = await ExplainAsync();
        Assert.True(verdict.IsSigned);
        Assert.Equal("it is no bundle that can be read", verdict.Signatures[0].Fault);
        Assert.Equal((signature.Digest, "test.pub", null), (verdict.Signatures[1].Manifest.Value, verdict.Signatures[1].Key?.Path, verdict.Signatures[1].Fault));
        Assert.Equal(2, verdict.Signatures.Count);
    }

    private async Task<SignatureVerdict> ExplainAsync()
    {
        var rules = PolicyRulesReader.Read(
            """{ "rules": [ { "repository": "signed/*", "requireSignature": { "cosign": ["test.pub"] } } ] }"""u8, _ => System.Text.Encoding.UTF8.GetBytes(Signer.PublicKey));
        var core = new RegistryCore(
            _registry.Registry.Host.Storage.Ports, new CoreSettings { Policies = () => rules }, TimeProvider.System, NullLoggerFactory.Instance);
        var explained = await core.PolicyExplanations.ExplainAsync(
            new ImageReference(RepositoryName.Parse(SigningRegistry.Repository), Tag.Parse("v1")), isMirrored: false, TestContext.Current.CancellationToken);
        return Assert.Single(explained.Rules).Signatures!;
    }
}
