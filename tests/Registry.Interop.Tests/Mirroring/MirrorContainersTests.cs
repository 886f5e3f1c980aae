using System.Text;
using System.Text.Json.Nodes;
using Registry.Testing;
using Registry.Testing.Layouts;

namespace Registry.Interop.Tests.Mirroring;

/// <summary>skopeo, podman and buildah pull through a mirror what was pushed to the upstreams.</summary>
[Collection(nameof(MirroredRegistries))]
public sealed class MirrorContainersTests(MirroredRegistries registries) : IDisposable
{
    private readonly TemporaryFolder _folder = new("mirror-containers");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(MirroredRegistries.Hub)]
    [InlineData(MirroredRegistries.Basic)]
    [InlineData(MirroredRegistries.Service)]
    [InlineData(MirroredRegistries.Token)]
    public async Task Skopeo_copies_an_index_from_every_kind_of_upstream_byte_for_byte(string upstream)
    {
        var sample = SampleImage.MultiArchitecture();
        await registries.PushAsync(sample, upstream, "team/index", "1");

        _ = await registries.Home.Skopeo.RunAsync(
            "copy", "--all", "--src-tls-verify=false", $"docker://{registries.HostPort}/{upstream}/team/index:1", $"oci:{_folder.Path}/copy:1");

        sample.AssertHeldIn(Path.Combine(_folder.Path, "copy"));
        await sample.AssertHeldAsync(registries.Http, $"{upstream}/team/index", "1");
    }

    [Fact]
    public async Task Podman_pulls_from_Docker_Hub_by_the_mirror_of_its_registries_conf_and_runs_the_image()
    {
        var sample = SampleImage.Runnable();
        string name = $"mirrored-{Guid.NewGuid():n}";
        await registries.PushAsync(sample, MirroredRegistries.Hub, $"library/{name}", "1");
        Command podman = WithMirror(registries.Home.Podman);

        _ = await podman.RunAsync("pull", $"docker.io/library/{name}:1");

        Assert.StartsWith(sample.PayloadSha256, (await podman.RunAsync("run", "--rm", "--network", "host", $"docker.io/library/{name}:1")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Podman_pulls_by_the_prefix_without_library_and_by_digest()
    {
        SampleImage sample = await SampleImage.WithZstdLayerAsync();
        string name = $"mirrored-{Guid.NewGuid():n}";
        await registries.PushAsync(sample, MirroredRegistries.Hub, $"library/{name}", "1");

        _ = await registries.Home.Podman.RunAsync("pull", "--tls-verify=false", $"{registries.HostPort}/hub/{name}:1");
        _ = await registries.Home.Podman.RunAsync("pull", "--tls-verify=false", $"{registries.HostPort}/hub/library/{name}@{sample.Top.Digest}");

        await sample.AssertHeldAsync(registries.Http, $"hub/library/{name}", "1");
    }

    [Fact]
    public async Task Buildah_builds_on_an_image_of_Docker_Hub_that_comes_from_the_mirror()
    {
        string name = $"mirrored-{Guid.NewGuid():n}";
        await registries.PushAsync(SampleImage.Runnable(), MirroredRegistries.Hub, $"library/{name}", "1");
        await File.WriteAllTextAsync(_folder.File("Containerfile"), $"FROM docker.io/library/{name}:1\nRUN echo built > /built\n", Cancellation);

        CommandResult built = await WithMirror(registries.Home.Buildah).RunAsync("bud", "--isolation", "chroot", "--network", "host", "-t", "built", _folder.Path);

        Assert.Contains("COMMIT built", built.AllOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signature_is_found_by_its_tag_and_as_a_referrer_although_the_upstream_has_no_such_api()
    {
        registries.Require();
        var sample = SampleImage.Runnable();
        await registries.PushAsync(sample, MirroredRegistries.Hub, "team/signed", "1");
        var layout = new OciLayoutBuilder();
        OciDescriptor signature = layout.AddManifest(
            layout.AddBlob("{}"u8.ToArray(), "application/vnd.oci.image.config.v1+json"),
            [layout.AddBlob("signature"u8.ToArray(), "application/vnd.dev.cosign.simplesigning.v1+json")]);
        byte[] referrers = Encoding.UTF8.GetBytes(
            new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = OciLayoutBuilder.IndexType, ["manifests"] = new JsonArray(signature.ToJson()) }.ToJsonString());
        string hex = sample.Top.Digest.Replace(':', '-');
        await registries.HubHttp.PushImageAsync(layout, signature, "team/signed", $"{hex}.sig", Cancellation);
        // The fallback of the distribution-spec: a tag that is the digest.
        await registries.HubHttp.PushManifestAsync("team/signed", hex, OciLayoutBuilder.IndexType, referrers, Cancellation);

        _ = await registries.Home.Skopeo.RunAsync(
            "copy", "--src-tls-verify=false", $"docker://{registries.HostPort}/hub/team/signed:{hex}.sig", $"dir:{_folder.Path}/signature");
        using HttpResponseMessage found = await registries.Http.GetAsync($"/v2/hub/team/signed/referrers/{sample.Top.Digest}", Cancellation);

        Assert.Equal(layout.Content[signature.Digest], await File.ReadAllBytesAsync(_folder.File("signature", "manifest.json"), Cancellation));
        Assert.Contains(signature.Digest, await found.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    // containers-registries.conf(5).
    private Command WithMirror(Command command)
    {
        string configuration = _folder.File("registries.conf");
        File.WriteAllText(
            configuration,
            $"""
            [[registry]]
            location = "docker.io"
            [[registry.mirror]]
            location = "{registries.HostPort}/hub"
            insecure = true
            """);
        command.Environment["CONTAINERS_REGISTRIES_CONF"] = configuration;
        return command;
    }
}
