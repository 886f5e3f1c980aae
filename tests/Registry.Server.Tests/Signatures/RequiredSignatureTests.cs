using System.Text.Json.Nodes;
using Registry.Core.Access;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Signatures;

/// <summary>Who needs a signature, from when on and until when.</summary>
public sealed class RequiredSignatureTests : IAsyncLifetime
{
    private const string Repository = SigningRegistry.Repository;

    private readonly TestImage _image = TestImage.Create();
    private SigningRegistry _registry = null!;

    public async ValueTask InitializeAsync() => _registry = await SigningRegistry.StartAsync();

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    [Fact]
    public async Task Who_may_push_and_who_is_excepted_needs_no_signature_and_other_repositories_do_not()
    {
        await _registry.Client.PushAsync(Repository, _image, "v1");
        await _registry.Client.PushAsync("free/app", _image, "v1");
        await _registry.AssertRefusedAsync(Repository, _image, "v1");
        await _registry.AssertServedAsync("free/app", _image, "v1");
        Check.Status(200, await _registry.Client.GetAnswerAsync($"/v2/{Repository}/manifests/v1"));

        // Blobs are served: who knows their digests has got a manifest that was served, or made one.
        Check.Status(200, await _registry.Client.GetAnswerAsync($"/v2/{Repository}/blobs/{_image.Blobs[0].Digest}", SigningRegistry.Puller));

        _registry.Write("test", except: "\"bob\"");
        await Eventually.HoldsAsync(async () => (await _registry.PullAsync(Repository, "v1")).Status == 200, "it is served");
        _registry.Write("test");
        await Eventually.HoldsAsync(async () => (await _registry.PullAsync(Repository, "v1")).Status == 403, "it is refused");
    }

    [Fact]
    public async Task An_unknown_manifest_is_unknown()
    {
        await _registry.Client.PushAsync(Repository, _image, "v1");
        Check.Error(404, "MANIFEST_UNKNOWN", "manifest unknown", await _registry.PullAsync(Repository, "v2"));
    }

    [Fact]
    public async Task A_token_that_only_pulls_is_enough_for_who_may_push()
    {
        await using var registry = await SigningRegistry.StartAsync(AuthenticationKind.BuiltInToken);
        await registry.Client.PushAsync(Repository, _image, "v1");
        Check.Status(200, await registry.Client.GetAnswerAsync($"/v2/{Repository}/manifests/v1", await PullTokenAsync("alice")));
        Check.Status(403, await registry.Client.GetAnswerAsync($"/v2/{Repository}/manifests/v1", await PullTokenAsync("bob")));

        async Task<(string, string)> PullTokenAsync(string user)
        {
            var answer = Check.Status(200, await registry.Client.GetAnswerAsync(
                $"/token?service={AccessFolder.Service}&scope=repository:{Repository}:pull", AccessFolder.Basic(user)));
            return AccessFolder.Bearer(answer.Json.GetProperty("token").GetString()!);
        }
    }

    [Fact]
    public async Task A_new_key_takes_effect_at_once_for_what_was_served_by_the_old_one()
    {
        await _registry.Client.PushAsync(Repository, Recordings.Image, "v1");
        await Recordings.Of("tag-3", Recordings.Image).PushAsync(_registry.Client, Repository);
        await _registry.AssertRefusedAsync(Repository, Recordings.Image, "v1");
        _registry.Write("p256");
        await Eventually.HoldsAsync(async () => (await _registry.PullAsync(Repository, "v1")).Status == 200, "it is served");
        _registry.Write("other");
        await Eventually.HoldsAsync(async () => (await _registry.PullAsync(Repository, "v1")).Status == 403, "it is refused");
    }

    [Fact]
    public async Task A_tag_of_signatures_that_is_set_to_others_takes_effect_at_once()
    {
        await _registry.Client.PushAsync(Repository, _image, "v1");
        var tag = TestSigner.TagOf(_image.Digest);
        var signature = _registry.Signer.Tagged(TestSigner.Payload(_image.Digest).ToJsonString());
        for (var i = 0; i < 3; i++)
        {
            await _registry.Client.PushAsync(Repository, signature, tag);
            await _registry.AssertServedAsync(Repository, _image, "v1");
            await _registry.Client.PushAsync(Repository, TestImage.Artifact(TestSigner.PayloadType), tag);
            await _registry.AssertRefusedAsync(Repository, _image, "v1");
        }
    }

    [Theory]
    [InlineData("DELETE", "/v2/signed/app/manifests/{signature}", 202)]
    [InlineData("POST", "/api/v1/repositories/delete?repository=signed/app", 200)]
    public async Task A_signature_that_goes_on_any_way_takes_effect_at_once(string method, string path, int status)
    {
        await _registry.Client.PushAsync(Repository, _image, "v1");
        var signature = await _registry.Client.PushAsync(Repository, _registry.Signer.Bundle(_image));
        await _registry.AssertServedAsync(Repository, _image, "v1");
        Check.Status(status, await _registry.Client.RequestAsync(method, path.Replace("{signature}", signature.Digest, StringComparison.Ordinal), [], ("Content-Type", "application/json")));
        if (status == 200)
        {
            await _registry.Client.PushAsync(Repository, _image, "v1");
        }

        await _registry.AssertRefusedAsync(Repository, _image, "v1");
    }

    [Fact]
    public async Task A_renamed_repository_keeps_its_signatures()
    {
        await _registry.Client.PushAsync("signed/old", _image, "v1");
        await _registry.Client.PushAsync("signed/old", _registry.Signer.Bundle(_image));
        await _registry.AssertServedAsync("signed/old", _image, "v1");
        Check.Status(200, await _registry.Client.RequestAsync("POST", "/api/v1/repositories/rename?repository=signed/old&to=signed/new", [], ("Content-Type", "application/json")));
        await _registry.AssertServedAsync("signed/new", _image, "v1");
    }

    [Fact]
    public async Task An_index_in_a_signed_index_is_signed_and_its_images_are()
    {
        var inner = TestImage.Index([_image]);
        var outer = TestImage.Index([inner, TestImage.Create()]);
        await _registry.Client.PushAsync(Repository, outer, "v1");
        await _registry.AssertRefusedAsync(Repository, _image, _image.Digest);
        var signature = await _registry.Client.PushAsync(Repository, _registry.Signer.Bundle(outer));
        await _registry.AssertServedAsync(Repository, inner, inner.Digest);
        await _registry.AssertServedAsync(Repository, _image, _image.Digest);
        Check.Status(202, await _registry.Client.RequestAsync("DELETE", $"/v2/{Repository}/manifests/{signature.Digest}"));
        await _registry.AssertRefusedAsync(Repository, _image, _image.Digest);
    }

    [Fact]
    public async Task An_image_that_lists_a_manifest_as_a_layer_signs_nothing_but_itself()
    {
        await _registry.Client.PushAsync(Repository, _image, "v1");
        await _registry.Client.PushBlobAsync(Repository, _image.Manifest);
        var parent = await _registry.Client.PushAsync(Repository, TestImage.Of([_image.Manifest]), "parent");
        await _registry.Client.PushAsync(Repository, _registry.Signer.Bundle(parent));
        await _registry.AssertServedAsync(Repository, parent, "parent");
        await _registry.AssertRefusedAsync(Repository, _image, "v1");
    }

    [Fact]
    public async Task A_signature_counts_among_many_attestations()
    {
        await _registry.Client.PushAsync(Repository, _image, "v1");
        for (var i = 0; i < 40; i++)
        {
            var scan = TestSigner.Statement(_image.Digest);
            (scan["predicateType"], scan["predicate"]) = ("https://cosign.sigstore.dev/attestation/vuln/v1", new JsonObject { ["scan"] = i });
            await _registry.Client.PushAsync(Repository, _registry.Signer.Bundle(_image, scan));
        }

        await _registry.AssertRefusedAsync(Repository, _image, "v1");
        await _registry.Client.PushAsync(Repository, _registry.Signer.Bundle(_image));
        await _registry.AssertServedAsync(Repository, _image, "v1");
    }
}
