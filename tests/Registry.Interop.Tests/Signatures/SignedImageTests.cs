using Registry.Interop.Tests.Containers;
using Registry.Interop.Tests.Docker;
using Registry.Interop.Tests.OptionalClients;
using Registry.Testing;
using Registry.Testing.Signatures;

namespace Registry.Interop.Tests.Signatures;

/// <summary>Clients pull what is signed, and say why they get nothing else.</summary>
[Collection(nameof(DockerEngine))]
public sealed class SignedImageTests(DockerEngine engine, ContainersHome home, SignedRegistry registry) : IClassFixture<ContainersHome>, IClassFixture<SignedRegistry>
{
    public static TheoryData<string> Formats => [.. Recordings.Formats];

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Docker_pulls_a_signed_image_and_a_signed_index_and_nothing_else(string format)
    {
        _ = engine.Docker;
        foreach ((string name, TestImage image) in new[] { ("single", Recordings.Image), ("multi", Recordings.Index) })
        {
            string repository = $"public/docker-{format}-{name}";
            string reference = $"{registry.HostPort}/{repository}";
            RecordedSignature signature = Recordings.Of(format, image);
            _ = await registry.Client.PushAsync(repository, image, "1.0");
            AssertRefused(repository, image, await engine.Docker.TryRunAsync("pull", $"{reference}:1.0"));
            AssertRefused(repository, image, await engine.Docker.TryRunAsync("pull", $"{reference}@{image.Digest}"));

            await signature.PushAsync(registry.Client, repository);
            _ = await engine.Docker.RunAsync("pull", $"{reference}:1.0");
            _ = await engine.Docker.RunAsync("pull", $"{reference}@{image.Digest}");
            await ForgetAsync($"{reference}:1.0", $"{reference}@{image.Digest}");

            await registry.DeleteAsync(signature, repository);
            AssertRefused(repository, image, await engine.Docker.TryRunAsync("pull", $"{reference}:1.0"));
        }
    }

    [Fact]
    public async Task Podman_and_skopeo_say_why_an_image_is_refused_and_pull_a_signed_one()
    {
        string reference = $"{registry.HostPort}/public/podman:1.0";
        _ = await registry.Client.PushAsync("public/podman", Recordings.Index, "1.0");
        AssertRefused("public/podman", Recordings.Index, await home.Podman.TryRunAsync("pull", "--tls-verify=false", reference));
        AssertRefused("public/podman", Recordings.Index, await home.Skopeo.TryRunAsync("copy", "--src-tls-verify=false", $"docker://{reference}", $"dir:{home.Folder.Folder("refused")}"));

        await Recordings.Of("tag-2", Recordings.Index).PushAsync(registry.Client, "public/podman");
        _ = await home.Podman.RunAsync("pull", "--tls-verify=false", reference);
        _ = await home.Skopeo.RunAsync("copy", "--all", "--src-tls-verify=false", $"docker://{reference}", $"dir:{home.Folder.Folder("copied")}");
    }

    [OptionalClientFact("crane")]
    public async Task Crane_says_why_an_image_is_refused_and_pulls_a_signed_one()
    {
        Command crane = new("crane", "crane from its own release page", "--insecure");
        string reference = $"{registry.HostPort}/public/crane:1.0";
        _ = await registry.Client.PushAsync("public/crane", Recordings.Image, "1.0");
        AssertRefused("public/crane", Recordings.Image, await crane.TryRunAsync("manifest", reference));
        AssertRefused("public/crane", Recordings.Image, await crane.TryRunAsync("pull", reference, home.Folder.File("refused.tar")));
        await Recordings.Of("bundle-3", Recordings.Image).PushAsync(registry.Client, "public/crane");
        _ = await crane.RunAsync("pull", reference, home.Folder.File("crane.tar"));
    }

    [OptionalClientFact("cosign")]
    public async Task Cosign_signs_what_it_pushes_and_verifies_without_rights_to_push()
    {
        Command cosign = registry.Cosign();
        await File.WriteAllTextAsync(
            home.Folder.File("signing.json"), """{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}""", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            home.Folder.File("root.json"), """{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}""", TestContext.Current.CancellationToken);
        string[] access = ["--registry-username", Access.AccessRegistry.Alice, "--registry-password", Access.AccessRegistry.PasswordOf(Access.AccessRegistry.Alice)];
        bool isOld = !(await cosign.RunAsync("sign", "--help")).AllOutput.Contains("--signing-config", StringComparison.Ordinal);
        string[][] ways = isOld
            ? [["--tlog-upload=false"]]
            : [["--signing-config", home.Folder.File("signing.json")], ["--use-signing-config=false", "--new-bundle-format=false", "--tlog-upload=false"]];
        foreach ((int number, string[] way) in ways.Index())
        {
            string repository = $"public/cosign-{number}";
            TestImage image = await registry.Client.PushAsync(repository, TestImage.Index([TestImage.Create(), TestImage.Create()]), "1.0");
            string reference = $"{registry.HostPort}/{repository}@{image.Digest}";
            await AssertStatusAsync(403, repository, image.Children[1].Digest);
            _ = await cosign.RunAsync(["sign", "--yes", "--allow-http-registry", "--key", $"{registry.CosignKey}.key", .. way, .. access, reference]);
            await AssertStatusAsync(200, repository, "1.0");
            await AssertStatusAsync(200, repository, image.Children[1].Digest);

            // Without a log-in: a verification pulls the signatures.
            string[] check = isOld || number == 1 ? ["--insecure-ignore-tlog=true"] : ["--insecure-ignore-tlog=true", "--trusted-root", home.Folder.File("root.json")];
            _ = await cosign.RunAsync(["verify", "--allow-http-registry", "--key", $"{registry.CosignKey}.pub", .. check, reference]);
        }
    }

    private static void AssertRefused(string repository, TestImage image, CommandResult result)
    {
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains($"the image is not signed: {repository}@{image.Digest} has no valid signature, as rule 1 ", result.AllOutput, StringComparison.Ordinal);
    }

    private async Task AssertStatusAsync(int status, string repository, string reference)
    {
        using HttpClient anonymous = new() { BaseAddress = registry.Client.BaseAddress };
        string token = (await anonymous.GetAnswerAsync($"/token?scope=repository:{repository}:pull")).Json.GetProperty("token").GetString()!;
        Assert.Equal(status, (await anonymous.GetAnswerAsync($"/v2/{repository}/manifests/{reference}", ("Authorization", $"Bearer {token}"))).Status);
    }

    // The engine remembers manifests by their digests, and would only ask for the layers.
    private async Task ForgetAsync(params string[] images) => _ = await engine.Docker.RunAsync(["rmi", "--force", .. images]);
}
