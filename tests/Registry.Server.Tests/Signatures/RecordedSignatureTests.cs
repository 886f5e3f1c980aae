namespace Registry.Server.Tests.Signatures;

/// <summary>Signatures that cosign has made: with all its formats and kinds of keys, for an image and for an index.</summary>
public sealed class RecordedSignatureTests : IAsyncLifetime
{
    private SigningRegistry _registry = null!;

    public static TheoryData<string> Signatures => [.. Recordings.Signatures];

    public static TheoryData<string> Formats => [.. Recordings.Formats];

    public async ValueTask InitializeAsync() => _registry = await SigningRegistry.StartAsync();

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    [Theory]
    [MemberData(nameof(Signatures))]
    public async Task An_image_is_served_from_its_signature_on_and_until_that_is_deleted(string name)
    {
        var (repository, signature) = ($"{Recordings.KeyOf(name)}/app", Recordings.Of(name, Recordings.Image));
        await _registry.Client.PushAsync(repository, Recordings.Image, "v1");
        await _registry.AssertRefusedAsync(repository, Recordings.Image, "v1");

        await signature.PushAsync(_registry.Client, repository);
        await _registry.AssertServedAsync(repository, Recordings.Image, "v1");
        Check.Status(202, await _registry.Client.RequestAsync("DELETE", signature.Path(repository)));
        await _registry.AssertRefusedAsync(repository, Recordings.Image, "v1");
        await signature.PushAsync(_registry.Client, repository);
        await _registry.AssertServedAsync(repository, Recordings.Image, "v1");
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task The_images_of_a_signed_index_are_served_as_long_as_the_index_is_there(string name)
    {
        var signature = Recordings.Of(name, Recordings.Index);
        await _registry.Client.PushAsync("p256/multi", Recordings.Index, "v1");
        await _registry.AssertRefusedAsync("p256/multi", Recordings.Index.Children[1], Recordings.Index.Children[1].Digest);
        await signature.PushAsync(_registry.Client, "p256/multi");
        await _registry.AssertServedAsync("p256/multi", Recordings.Index, "v1");
        foreach (var child in Recordings.Index.Children)
        {
            await _registry.AssertServedAsync("p256/multi", child, child.Digest);
        }

        Check.Status(202, await _registry.Client.RequestAsync("DELETE", $"/v2/p256/multi/manifests/{Recordings.Index.Digest}"));
        await _registry.AssertRefusedAsync("p256/multi", Recordings.Index.Children[0], Recordings.Index.Children[0].Digest);

        // Its signature is still there.
        await _registry.Client.PushAsync("p256/multi", Recordings.Index);
        await _registry.AssertServedAsync("p256/multi", Recordings.Index.Children[0], Recordings.Index.Children[0].Digest);
    }

    [Theory]
    [MemberData(nameof(Signatures))]
    public async Task A_signature_by_another_key_counts_nothing(string name)
    {
        await _registry.Client.PushAsync("other/app", Recordings.Image, "v1");
        await Recordings.Of(name, Recordings.Image).PushAsync(_registry.Client, "other/app");
        await _registry.AssertRefusedAsync("other/app", Recordings.Image, "v1");
    }

    [Fact]
    public async Task An_attestation_is_served_and_is_no_signature()
    {
        await _registry.Client.PushAsync("p256/app", Recordings.Image, "v1");
        foreach (var attestation in Recordings.Attestations.Select(name => Recordings.Of(name, Recordings.Image)))
        {
            await attestation.PushAsync(_registry.Client, "p256/app");
            await _registry.AssertServedAsync("p256/app", attestation.Artifact, attestation.Tag ?? attestation.Artifact.Digest);
            await _registry.AssertRefusedAsync("p256/app", Recordings.Image, "v1");
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_signature_is_served_with_its_blobs_whoever_has_signed(string name)
    {
        var signature = Recordings.Of(name, Recordings.Image);
        await signature.PushAsync(_registry.Client, "other/app");
        await _registry.AssertServedAsync("other/app", signature.Artifact, signature.Tag ?? signature.Artifact.Digest);
        foreach (var blob in signature.Artifact.Blobs)
        {
            Check.Status(200, await _registry.Client.GetAnswerAsync($"/v2/other/app/blobs/{blob.Digest}", SigningRegistry.Puller));
        }
    }

    [Fact]
    public async Task A_signature_counts_in_its_own_repository_only()
    {
        await _registry.Client.PushAsync("p256/one", Recordings.Image, "v1");
        await _registry.Client.PushAsync("p256/two", Recordings.Image, "v1");
        await Recordings.Of("bundle-3", Recordings.Image).PushAsync(_registry.Client, "p256/one");
        await _registry.AssertServedAsync("p256/one", Recordings.Image, "v1");
        await _registry.AssertRefusedAsync("p256/two", Recordings.Image, "v1");
    }
}
