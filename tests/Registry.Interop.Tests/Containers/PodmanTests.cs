using Registry.Testing.Layouts;

namespace Registry.Interop.Tests.Containers;

public sealed class PodmanTests(ContainersHome home, RegistryUnderTest registry) : IClassFixture<ContainersHome>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("oci", OciLayoutBuilder.ManifestType)]
    [InlineData("v2s2", RegistryHttp.DockerManifestType)]
    public async Task Podman_pushes_and_pulls_an_image_in_either_format(string format, string mediaType)
    {
        string image = $"{registry.HostPort}/podman/{format}:1";
        string payload = await ImportAsync(image);
        string digestFile = home.Folder.File("digest");

        _ = await home.Podman.RunAsync("push", "--tls-verify=false", "--format", format, "--digestfile", digestFile, image);

        StoredImage stored = await registry.Http.ReadImageAsync($"podman/{format}", "1", Cancellation);
        Assert.Equal(mediaType, stored.MediaType);
        Assert.Equal(await File.ReadAllTextAsync(digestFile, Cancellation), stored.Digest);

        _ = await home.Podman.RunAsync("rmi", "--force", image);
        _ = await home.Podman.RunAsync("pull", "--tls-verify=false", image);
        Assert.Equal(stored.Config.Digest, "sha256:" + (await home.Podman.RunAsync("image", "inspect", "-f", "{{.Id}}", image)).Text);
        Assert.StartsWith(payload, await RunAsync(image), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Podman_mounts_the_layers_that_another_repository_has()
    {
        string source = $"{registry.HostPort}/podman/mount-source:1";
        string target = $"{registry.HostPort}/podman/mount-target:1";
        _ = await ImportAsync(source);
        _ = await home.Podman.RunAsync("push", "--tls-verify=false", source);

        CommandResult push = await home.Podman.RunAsync("--log-level", "debug", "push", "--tls-verify=false", source, target);

        Assert.Contains("mount=sha256", push.AllOutput, StringComparison.Ordinal);
        Assert.Contains("mount OK", push.AllOutput, StringComparison.Ordinal);
        Assert.Equal(
            (await registry.Http.ReadImageAsync("podman/mount-source", "1", Cancellation)).Digest,
            (await registry.Http.ReadImageAsync("podman/mount-target", "1", Cancellation)).Digest);
    }

    [Fact]
    public async Task Podman_pushes_a_manifest_with_all_its_images()
    {
        string amd64 = $"{registry.HostPort}/podman/amd64:1";
        string arm64 = $"{registry.HostPort}/podman/arm64:1";
        string target = $"{registry.HostPort}/podman/multi:1";
        string payload = await ImportAsync(amd64);
        _ = await ImportAsync(arm64);
        string list = $"localhost/list-{Guid.NewGuid():n}";

        _ = await home.Podman.RunAsync("manifest", "create", list);
        _ = await home.Podman.RunAsync("manifest", "add", "--arch", "amd64", list, $"containers-storage:{amd64}");
        _ = await home.Podman.RunAsync("manifest", "add", "--arch", "arm64", list, $"containers-storage:{arm64}");
        _ = await home.Podman.RunAsync("manifest", "push", "--all", "--tls-verify=false", list, $"docker://{target}");

        StoredImage stored = await registry.Http.ReadImageAsync("podman/multi", "1", Cancellation);
        Assert.Equal(2, stored.Children.Count);
        Assert.All(stored.Children, child => Assert.NotEmpty(child.Layers));
        _ = await home.Podman.RunAsync("rmi", "--force", amd64);
        _ = await home.Podman.RunAsync("pull", "--tls-verify=false", "--arch", "amd64", target);
        Assert.StartsWith(payload, await RunAsync(target), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Podman_pulls_twenty_layers()
    {
        Command podman = home.Podman;
        var sample = SampleImage.OfLayers(20);
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, "podman/layers", "1", Cancellation);
        string image = $"{registry.HostPort}/podman/layers:1";

        _ = await podman.RunAsync("pull", "--tls-verify=false", image);

        Assert.Equal(string.Concat(Enumerable.Range(1, 19).Select(n => $"{n}").Order(StringComparer.Ordinal)), await RunAsync(image));
    }

    [Fact]
    public async Task Podman_pulls_zstd_and_uncompressed_layers()
    {
        Command podman = home.Podman;
        SampleImage sample = await SampleImage.WithZstdLayerAsync();
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, "podman/zstd", "1", Cancellation);
        string image = $"{registry.HostPort}/podman/zstd@{sample.Top.Digest}";

        _ = await podman.RunAsync("pull", "--tls-verify=false", image);

        Assert.StartsWith(sample.PayloadSha256, await RunAsync(image), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Podman_searches_the_catalog()
    {
        Command podman = home.Podman;
        var sample = SampleImage.WithEmptyLayer();
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, "podman/searched", "1", Cancellation);

        CommandResult search = await podman.RunAsync("search", "--tls-verify=false", "--list-tags", $"{registry.HostPort}/podman/searched");
        Assert.Equal([$"{registry.HostPort}/podman/searched", "1"], LastLine(search).Split(' ', StringSplitOptions.RemoveEmptyEntries));

        search = await podman.RunAsync("search", "--tls-verify=false", "--format", "{{.Name}}", $"{registry.HostPort}/searched");
        Assert.Equal($"{registry.HostPort}/podman/searched", LastLine(search));

        static string LastLine(CommandResult result) => result.Text.Split('\n')[^1];
    }

    private async Task<string> ImportAsync(string image)
    {
        Command podman = home.Podman;
        Requires.StaticBusybox();
        byte[] payload = TarArchive.RandomPayload();
        string archive = home.Folder.File("root.tar");
        await File.WriteAllBytesAsync(archive, TarArchive.RootFileSystem(payload), Cancellation);
        _ = await podman.RunAsync("import", "-c", """CMD ["/bin/sh", "-c", "sha256sum /payload"]""", archive, image);
        return OciLayoutBuilder.DigestOf(payload)["sha256:".Length..];
    }

    private async Task<string> RunAsync(string image) => (await home.Podman.RunAsync("run", "--rm", "--network", "host", image)).Text;
}
