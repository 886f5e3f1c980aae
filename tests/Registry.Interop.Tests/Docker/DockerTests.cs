using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Registry.Testing.Layouts;

namespace Registry.Interop.Tests.Docker;

[Collection(nameof(DockerEngine))]
public sealed class DockerTests(DockerEngine engine, RegistryUnderTest registry)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Docker_pushes_and_pulls_an_image_byte_for_byte()
    {
        string image = $"{registry.HostPort}/docker/plain:1";
        string payload = await engine.ImportAsync(image);
        string id = await engine.IdAsync(image);
        string[] diffIds = await engine.DiffIdsAsync(image);

        CommandResult push = await engine.Docker.RunAsync("push", image);

        StoredImage stored = await registry.Http.ReadImageAsync("docker/plain", "1", Cancellation);
        Assert.Contains($"digest: {stored.Digest} size: {stored.Manifest.Length}", push.StandardOutput, StringComparison.Ordinal);
        Assert.Equal(RegistryHttp.DockerManifestType, stored.MediaType);
        Assert.Equal(id, stored.Config.Digest);
        Assert.Equal(diffIds, await UncompressedDigestsAsync("docker/plain", stored));

        await RemoveAsync(image);
        CommandResult pull = await engine.Docker.RunAsync("pull", image);

        Assert.Contains(stored.Digest, pull.StandardOutput, StringComparison.Ordinal);
        Assert.Equal(id, await engine.IdAsync(image));
        Assert.StartsWith(payload, await engine.RunAsync(image), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Docker_pulls_an_image_by_its_digest()
    {
        Command docker = engine.Docker;
        var sample = SampleImage.Runnable();
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, "docker/digest", "1", Cancellation);
        string image = $"{registry.HostPort}/docker/digest@{sample.Top.Digest}";

        _ = await docker.RunAsync("pull", image);

        Assert.StartsWith(sample.PayloadSha256, await engine.RunAsync(image), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Docker_pulls_twenty_layers_and_pushes_them_to_another_repository()
    {
        Command docker = engine.Docker;
        var sample = SampleImage.OfLayers(20);
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, "docker/layers", "1", Cancellation);
        string image = $"{registry.HostPort}/docker/layers:1";
        string copy = $"{registry.HostPort}/docker/layers-copy:1";

        _ = await docker.RunAsync("pull", image);
        Assert.Equal(string.Concat(Enumerable.Range(1, 19).Select(n => $"{n}").Order(StringComparer.Ordinal)), await engine.RunAsync(image));
        _ = await docker.RunAsync("tag", image, copy);
        _ = await docker.RunAsync("push", copy);

        StoredImage original = await registry.Http.ReadImageAsync("docker/layers", "1", Cancellation);
        StoredImage stored = await registry.Http.ReadImageAsync("docker/layers-copy", "1", Cancellation);
        Assert.Equal(20, stored.Layers.Count());
        Assert.Equal(original.Config.Digest, stored.Config.Digest);
        Assert.Equal(original.Layers.Select(layer => layer.Digest), stored.Layers.Select(layer => layer.Digest));
    }

    [Fact]
    public async Task Docker_pulls_an_empty_layer()
    {
        Command docker = engine.Docker;
        var sample = SampleImage.WithEmptyLayer();
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, "docker/empty-layer", "1", Cancellation);
        string image = $"{registry.HostPort}/docker/empty-layer:1";

        _ = await docker.RunAsync("pull", image);

        Assert.Equal(3, (await engine.DiffIdsAsync(image)).Length);
        Assert.Equal("last", await engine.RunAsync(image, "cat", "/last"));
    }

    [Fact]
    public async Task Docker_mounts_the_layers_that_another_repository_has()
    {
        string source = $"{registry.HostPort}/docker/mount-source:1";
        string target = $"{registry.HostPort}/docker/mount-target:1";
        _ = await engine.ImportAsync(source);
        _ = await engine.Docker.RunAsync("push", source);

        _ = await engine.Docker.RunAsync("tag", source, target);
        CommandResult push = await engine.Docker.RunAsync("push", target);

        Assert.Contains("Mounted from docker/mount-source", push.StandardOutput, StringComparison.Ordinal);
        Assert.Equal(
            (await registry.Http.ReadImageAsync("docker/mount-source", "1", Cancellation)).Digest,
            (await registry.Http.ReadImageAsync("docker/mount-target", "1", Cancellation)).Digest);
    }

    [Fact]
    public async Task Docker_builds_on_a_pulled_image_and_runs_what_comes_back()
    {
        Command docker = engine.Docker;
        var sample = SampleImage.Runnable();
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, "docker/build-base", "1", Cancellation);
        string image = $"{registry.HostPort}/docker/built:1";
        string context = engine.Folder.Folder("build");
        await File.WriteAllTextAsync(Path.Combine(context, "greeting"), "hello", Cancellation);
        await File.WriteAllTextAsync(
            Path.Combine(context, "Dockerfile"),
            $"""
            FROM {registry.HostPort}/docker/build-base:1
            COPY greeting /greeting
            RUN echo "$(cat /greeting) world" > /built
            RUN echo nothing
            CMD ["/bin/cat", "/built"]
            """,
            Cancellation);

        _ = await docker.RunAsync("build", "--network", "none", "--pull", "-t", image, context);
        string id = await engine.IdAsync(image);
        _ = await docker.RunAsync("push", image);
        await RemoveAsync(image);
        _ = await docker.RunAsync("pull", image);

        Assert.Equal(id, await engine.IdAsync(image));
        Assert.Equal("hello world", await engine.RunAsync(image));
        StoredImage stored = await registry.Http.ReadImageAsync("docker/built", "1", Cancellation);
        Assert.Equal(await engine.DiffIdsAsync(image), await UncompressedDigestsAsync("docker/built", stored));
    }

    [Fact]
    public async Task Docker_pulls_its_own_architecture_from_an_index()
    {
        Command docker = engine.Docker;
        var sample = SampleImage.MultiArchitecture();
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, "docker/index", "1", Cancellation);
        string image = $"{registry.HostPort}/docker/index:1";

        _ = await docker.RunAsync("pull", "--platform", "linux/amd64", image);
        Assert.Equal("amd64", await engine.RunAsync(image, "cat", "/architecture"));

        _ = await docker.RunAsync("pull", "--platform", "linux/s390x", image);
        Assert.Equal("s390x", (await docker.RunAsync("image", "inspect", "-f", "{{.Architecture}}", image)).Text);
    }

    [Fact]
    public async Task Docker_creates_and_pushes_a_manifest_list()
    {
        string list = $"{registry.HostPort}/docker/list:1";
        string amd64 = $"{registry.HostPort}/docker/list:amd64";
        string arm64 = $"{registry.HostPort}/docker/list-arm64:1";
        string payload = await engine.ImportAsync(amd64);
        _ = await engine.Docker.RunAsync("push", amd64);
        _ = await engine.ImportAsync(arm64);
        _ = await engine.Docker.RunAsync("push", arm64);

        _ = await engine.Docker.RunAsync("manifest", "create", "--insecure", list, amd64, arm64);
        _ = await engine.Docker.RunAsync("manifest", "annotate", "--arch", "arm64", list, arm64);
        CommandResult push = await engine.Docker.RunAsync("manifest", "push", "--insecure", list);

        StoredImage stored = await registry.Http.ReadImageAsync("docker/list", "1", Cancellation);
        Assert.Equal(RegistryHttp.DockerListType, stored.MediaType);
        Assert.Contains(stored.Digest, push.StandardOutput, StringComparison.Ordinal);
        Assert.Equal(2, stored.Children.Count);
        await RemoveAsync(amd64);
        _ = await engine.Docker.RunAsync("pull", list);
        Assert.StartsWith(payload, await engine.RunAsync(list), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Docker_pulls_a_hub_image_through_the_registry_as_its_mirror()
    {
        Command docker = engine.Docker;
        string name = $"registry-interop-{Guid.NewGuid():n}";
        var sample = SampleImage.Runnable();
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, $"library/{name}", "1", Cancellation);

        // Docker Hub itself is out of reach here: only the mirror can answer.
        _ = await docker.RunAsync("pull", $"{name}:1");

        Assert.StartsWith(sample.PayloadSha256, await engine.RunAsync($"{name}:1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Docker_is_told_that_an_image_does_not_exist()
    {
        CommandResult pull = await engine.Docker.TryRunAsync("pull", $"{registry.HostPort}/docker/nothing:1");

        Assert.NotEqual(0, pull.ExitCode);
        Assert.Matches(new Regex("manifest unknown|not found"), pull.AllOutput);
    }

    private async Task RemoveAsync(string image) => _ = await engine.Docker.RunAsync("rmi", "--force", image);

    private async Task<string[]> UncompressedDigestsAsync(string repository, StoredImage image)
    {
        var digests = new List<string>();
        foreach (OciDescriptor layer in image.Layers)
        {
            byte[] content = await registry.Http.ReadBlobAsync(repository, layer.Digest, Cancellation);
            await using var gzip = new GZipStream(new MemoryStream(content), CompressionMode.Decompress);
            digests.Add("sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(gzip, Cancellation)));
        }
        return [.. digests];
    }
}
