using System.Text.Json;
using Registry.Testing;

namespace Registry.Interop.Tests.Containers;

public sealed class SkopeoTests(ContainersHome home, RegistryUnderTest registry) : IClassFixture<ContainersHome>, IDisposable
{
    private const string NoSourceTls = "--src-tls-verify=false";
    private const string NoTargetTls = "--dest-tls-verify=false";

    private readonly TemporaryFolder _folder = new("skopeo");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Skopeo_copies_an_index_from_a_layout_and_back_byte_for_byte()
    {
        Command skopeo = home.Skopeo;
        var sample = SampleImage.MultiArchitecture();
        string image = $"docker://{registry.HostPort}/skopeo/index:1";

        _ = await skopeo.RunAsync("copy", "--all", NoTargetTls, sample.WriteTo(_folder.Folder("layout")), image);
        await sample.AssertHeldAsync(registry.Http, "skopeo/index", "1");

        _ = await skopeo.RunAsync("copy", "--all", NoSourceTls, image, $"oci:{_folder.Path}/copy:1");
        sample.AssertHeldIn(Path.Combine(_folder.Path, "copy"));
    }

    [Fact]
    public async Task Skopeo_copies_an_index_to_a_folder_and_from_it_to_another_repository()
    {
        Command skopeo = home.Skopeo;
        var sample = SampleImage.MultiArchitecture();
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, "skopeo/folder", "1", Cancellation);
        string folder = $"dir:{_folder.Path}/image";

        _ = await skopeo.RunAsync("copy", "--all", NoSourceTls, $"docker://{registry.HostPort}/skopeo/folder:1", folder);
        _ = await skopeo.RunAsync("copy", "--all", NoTargetTls, folder, $"docker://{registry.HostPort}/skopeo/folder-copy:1");

        await sample.AssertHeldAsync(registry.Http, "skopeo/folder-copy", "1");
    }

    [Fact]
    public async Task Skopeo_copies_zstd_empty_and_uncompressed_layers_as_they_are()
    {
        Command skopeo = home.Skopeo;
        SampleImage zstd = await SampleImage.WithZstdLayerAsync();
        var empty = SampleImage.WithEmptyLayer();
        foreach ((SampleImage sample, string name) in new[] { (zstd, "zstd"), (empty, "empty") })
        {
            string image = $"docker://{registry.HostPort}/skopeo/{name}:1";

            _ = await skopeo.RunAsync("copy", "--preserve-digests", NoTargetTls, sample.WriteTo(_folder.Folder(name)), image);
            await sample.AssertHeldAsync(registry.Http, $"skopeo/{name}", "1");

            _ = await skopeo.RunAsync("copy", "--preserve-digests", NoSourceTls, image, $"oci:{_folder.Path}/{name}-copy:1");
            sample.AssertHeldIn(Path.Combine(_folder.Path, $"{name}-copy"));
        }
    }

    [Fact]
    public async Task Skopeo_converts_an_index_to_a_docker_manifest_list()
    {
        Command skopeo = home.Skopeo;
        var sample = SampleImage.MultiArchitecture();
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, "skopeo/oci", "1", Cancellation);

        _ = await skopeo.RunAsync(
            "copy", "--all", "--format", "v2s2", NoSourceTls, NoTargetTls,
            $"docker://{registry.HostPort}/skopeo/oci:1", $"docker://{registry.HostPort}/skopeo/v2s2:1");

        StoredImage stored = await registry.Http.ReadImageAsync("skopeo/v2s2", "1", Cancellation);
        Assert.Equal(RegistryHttp.DockerListType, stored.MediaType);
        Assert.Equal(3, stored.Children.Count);
        Assert.All(stored.Children, child => Assert.Equal(RegistryHttp.DockerManifestType, child.MediaType));
    }

    [Fact]
    public async Task Skopeo_inspects_what_the_registry_holds()
    {
        Command skopeo = home.Skopeo;
        var sample = SampleImage.WithEmptyLayer();
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, "skopeo/inspected", "1", Cancellation);
        string image = $"docker://{registry.HostPort}/skopeo/inspected:1";

        CommandResult raw = await skopeo.RunAsync("inspect", "--raw", "--tls-verify=false", image);
        Assert.Equal(System.Text.Encoding.UTF8.GetString(sample.Layout.Content[sample.Top.Digest]), raw.Text);
        CommandResult digest = await skopeo.RunAsync("inspect", "--tls-verify=false", "--format", "{{.Digest}}", image);
        Assert.Equal(sample.Top.Digest, digest.Text);
    }

    [Fact]
    public async Task Skopeo_lists_tags_and_deletes_an_image()
    {
        Command skopeo = home.Skopeo;
        SampleImage[] samples = [SampleImage.WithEmptyLayer(), SampleImage.WithEmptyLayer()];
        await registry.Http.PushImageAsync(samples[0].Layout, samples[0].Top, "skopeo/tags", "1.0", Cancellation);
        await registry.Http.PushImageAsync(samples[1].Layout, samples[1].Top, "skopeo/tags", "latest", Cancellation);
        string repository = $"docker://{registry.HostPort}/skopeo/tags";
        Assert.Equal(["1.0", "latest"], await ListAsync());

        _ = await skopeo.RunAsync("delete", "--tls-verify=false", repository + ":1.0");

        Assert.Equal(["latest"], await ListAsync());
        Assert.NotEqual(0, (await skopeo.TryRunAsync("inspect", "--tls-verify=false", repository + ":1.0")).ExitCode);
        await samples[1].AssertHeldAsync(registry.Http, "skopeo/tags", "latest");

        async Task<string[]> ListAsync()
        {
            using var json = JsonDocument.Parse((await skopeo.RunAsync("list-tags", "--tls-verify=false", repository)).StandardOutput);
            return [.. json.RootElement.GetProperty("Tags").EnumerateArray().Select(tag => tag.GetString()!).Order(StringComparer.Ordinal)];
        }
    }

    [Fact]
    public async Task Skopeo_synchronizes_a_repository_to_a_folder_and_to_another_name()
    {
        Command skopeo = home.Skopeo;
        SampleImage[] samples = [SampleImage.MultiArchitecture(), SampleImage.WithEmptyLayer()];
        await registry.Http.PushImageAsync(samples[0].Layout, samples[0].Top, "skopeo/sync", "1", Cancellation);
        await registry.Http.PushImageAsync(samples[1].Layout, samples[1].Top, "skopeo/sync", "2", Cancellation);
        string folder = _folder.Folder("sync");

        _ = await skopeo.RunAsync(
            "sync", "--all", NoSourceTls, "--src", "docker", "--dest", "dir", $"{registry.HostPort}/skopeo/sync", folder);
        _ = await skopeo.RunAsync(
            "sync", "--all", NoTargetTls, "--src", "dir", "--dest", "docker", folder, $"{registry.HostPort}/skopeo/synced");

        await samples[0].AssertHeldAsync(registry.Http, "skopeo/synced/sync", "1");
        await samples[1].AssertHeldAsync(registry.Http, "skopeo/synced/sync", "2");
    }
}
