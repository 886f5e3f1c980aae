using Registry.Testing;

namespace Registry.Interop.Tests.Mirroring;

/// <summary>The engines docker and containerd pull through a mirror what was pushed to the upstreams.</summary>
[Collection(nameof(MirroredRegistries))]
public sealed class MirrorEnginesTests(MirroredRegistries registries) : IDisposable
{
    private const string Snapshotter = "native";

    private readonly TemporaryFolder _folder = new("mirror-engines");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(MirroredRegistries.Hub)]
    [InlineData(MirroredRegistries.Basic)]
    [InlineData(MirroredRegistries.Service)]
    [InlineData(MirroredRegistries.Token)]
    public async Task Docker_pulls_by_the_prefix_from_every_kind_of_upstream(string upstream)
    {
        var sample = SampleImage.OfLayers(4);
        await registries.PushAsync(sample, upstream, "team/layers", "1");
        string repository = $"{registries.HostPort}/{upstream}/team/layers";

        _ = await registries.Docker.Docker.RunAsync("pull", $"{repository}:1");

        CommandResult digests = await registries.Docker.Docker.RunAsync("image", "inspect", "-f", "{{index .RepoDigests 0}}", $"{repository}:1");
        Assert.Equal($"{repository}@{sample.Top.Digest}", digests.Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Docker_builds_on_images_of_Docker_Hub_by_its_registry_mirrors(bool withBuildKit)
    {
        var sample = SampleImage.MultiArchitecture();
        string name = $"mirrored-{Guid.NewGuid():n}";
        await registries.PushAsync(sample, MirroredRegistries.Hub, $"library/{name}", "1");
        await File.WriteAllTextAsync(_folder.File("Dockerfile"), $"FROM {name}:1\nRUN cp /architecture /built\nCMD [\"/bin/cat\", \"/built\"]\n", Cancellation);

        // Docker Hub itself is out of reach here: only the mirror can answer.
        Command docker = withBuildKit ? registries.Docker.BuildKit : registries.Docker.Docker;
        _ = await docker.RunAsync("build", "--network", "none", "--pull", "-t", $"built:{withBuildKit}", _folder.Path);

        Assert.Equal("amd64", await registries.Docker.RunAsync($"built:{withBuildKit}"));
    }

    [Theory]
    [InlineData(MirroredRegistries.Hub, "")]
    [InlineData(MirroredRegistries.Basic, "/v2/basic")]
    [InlineData(MirroredRegistries.Service, "")]
    [InlineData(MirroredRegistries.Token, "")]
    public async Task Containerd_pulls_by_its_hosts_toml_from_every_kind_of_upstream(string upstream, string path)
    {
        registries.Require();
        Command ctr = registries.Containerd.Ctr;
        var sample = SampleImage.MultiArchitecture();
        string name = $"team/m{Guid.NewGuid():n}";
        await registries.PushAsync(sample, upstream, name, "1");
        string image = $"{MirroredRegistries.NamespaceOf(upstream)}/{name}:1";

        // The registry itself is out of reach: only the mirror can answer.
        await File.WriteAllTextAsync(
            Path.Combine(_folder.Folder(MirroredRegistries.NamespaceOf(upstream)), "hosts.toml"),
            $"""
            server = "https://127.0.0.1:9"

            [host."http://{registries.HostPort}{path}"]
              capabilities = ["pull", "resolve"]
              override_path = {(path.Length > 0 ? "true" : "false")}
            """,
            Cancellation);
        _ = await ctr.RunAsync("images", "pull", "--hosts-dir", _folder.Path, "--snapshotter", Snapshotter, "--all-platforms", image);

        string archive = _folder.File("image.tar");
        _ = await ctr.RunAsync("images", "export", "--all-platforms", "--skip-manifest-json", archive, image);
        await System.Formats.Tar.TarFile.ExtractToDirectoryAsync(archive, _folder.Folder("layout"), overwriteFiles: true, Cancellation);
        sample.AssertHeldIn(_folder.Folder("layout"));
    }

    [Fact]
    public async Task Containerd_pulls_by_the_mirror_of_all_registries()
    {
        registries.Require();
        Command ctr = registries.Containerd.Ctr;
        string name = $"team/m{Guid.NewGuid():n}";
        await registries.PushAsync(SampleImage.Runnable(), MirroredRegistries.Token, name, "1");
        await File.WriteAllTextAsync(
            Path.Combine(_folder.Folder("_default"), "hosts.toml"), $"[host.\"http://{registries.HostPort}\"]\n  capabilities = [\"pull\", \"resolve\"]\n", Cancellation);

        _ = await ctr.RunAsync("images", "pull", "--hosts-dir", _folder.Path, "--snapshotter", Snapshotter, $"token.example/{name}:1");

        CommandResult other = await ctr.TryRunAsync("images", "pull", "--hosts-dir", _folder.Path, "--snapshotter", Snapshotter, $"other.example/{name}:1");
        Assert.NotEqual(0, other.ExitCode);
    }
}
