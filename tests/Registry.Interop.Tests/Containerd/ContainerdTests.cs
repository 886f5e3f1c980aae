using System.Formats.Tar;
using Registry.Testing;

namespace Registry.Interop.Tests.Containerd;

public sealed class ContainerdTests(ContainerdEngine engine, RegistryUnderTest registry) : IClassFixture<ContainerdEngine>
{
    /// <summary>Snapshotter that makes plain copies, which works on any file system.</summary>
    private const string Snapshotter = "native";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Containerd_pushes_and_pulls_an_image_byte_for_byte()
    {
        var sample = SampleImage.Runnable();
        string image = $"{registry.HostPort}/containerd/plain:1";
        await ImportAsync(sample, image);

        _ = await engine.Ctr.RunAsync("images", "push", "--plain-http", image);
        await sample.AssertHeldAsync(registry.Http, "containerd/plain", "1");

        await ForgetAsync(image);
        _ = await engine.Ctr.RunAsync("images", "pull", "--snapshotter", Snapshotter, "--plain-http", image);
        await AssertExportedAsync(sample, image);
        Assert.StartsWith(sample.PayloadSha256, await RunAsync(image), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Containerd_pushes_and_pulls_all_platforms_of_an_index()
    {
        var sample = SampleImage.MultiArchitecture();
        string image = $"{registry.HostPort}/containerd/index:1";
        await ImportAsync(sample, image);

        _ = await engine.Ctr.RunAsync("images", "push", "--plain-http", image);
        await sample.AssertHeldAsync(registry.Http, "containerd/index", "1");

        await ForgetAsync(image);
        _ = await engine.Ctr.RunAsync("images", "pull", "--snapshotter", Snapshotter, "--plain-http", "--all-platforms", image);
        await AssertExportedAsync(sample, image);
    }

    [Fact]
    public async Task Containerd_pulls_zstd_and_uncompressed_layers()
    {
        Command ctr = engine.Ctr;
        SampleImage sample = await SampleImage.WithZstdLayerAsync();
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, "containerd/zstd", "1", Cancellation);
        string image = $"{registry.HostPort}/containerd/zstd:1";

        _ = await ctr.RunAsync("images", "pull", "--snapshotter", Snapshotter, "--plain-http", image);

        await AssertExportedAsync(sample, image);
        Assert.StartsWith(sample.PayloadSha256, await RunAsync(image), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Containerd_pushes_twenty_layers_to_another_repository()
    {
        Command ctr = engine.Ctr;
        var sample = SampleImage.OfLayers(20);
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, "containerd/layers", "1", Cancellation);
        string image = $"{registry.HostPort}/containerd/layers:1";
        string copy = $"{registry.HostPort}/containerd/layers-copy:1";

        _ = await ctr.RunAsync("images", "pull", "--snapshotter", Snapshotter, "--plain-http", image);
        _ = await ctr.RunAsync("images", "tag", image, copy);
        // containerd remembers which repository the layers came from and asks for a mount.
        _ = await ctr.RunAsync("images", "push", "--plain-http", copy);

        await sample.AssertHeldAsync(registry.Http, "containerd/layers-copy", "1");
    }

    [Fact]
    public async Task Containerd_pulls_an_empty_layer_by_digest()
    {
        Command ctr = engine.Ctr;
        var sample = SampleImage.WithEmptyLayer();
        await registry.Http.PushImageAsync(sample.Layout, sample.Top, "containerd/empty-layer", "1", Cancellation);
        string image = $"{registry.HostPort}/containerd/empty-layer@{sample.Top.Digest}";

        _ = await ctr.RunAsync("images", "pull", "--snapshotter", Snapshotter, "--plain-http", image);

        await AssertExportedAsync(sample, image);
        Assert.Equal("last", await RunAsync(image, "/bin/cat", "/last"));
    }

    private async Task ImportAsync(SampleImage sample, string image)
    {
        Command ctr = engine.Ctr;
        using var folder = new TemporaryFolder("layout");
        _ = sample.WriteTo(folder.Folder("layout"));
        string archive = folder.File("layout.tar");
        await TarFile.CreateFromDirectoryAsync(folder.Folder("layout"), archive, includeBaseDirectory: false, Cancellation);
        _ = await ctr.RunAsync("images", "import", "--all-platforms", "--no-unpack", "--index-name", "unused", archive);
        string name = (await ctr.RunAsync("images", "list", "-q")).Text.Split('\n').Single(line => line.Contains("sample", StringComparison.Ordinal));
        _ = await ctr.RunAsync("images", "tag", name, image);
        _ = await ctr.RunAsync("images", "remove", name);
    }

    /// <summary>Removes the image and waits until its content is gone, so that a pull has to fetch it all.</summary>
    private async Task ForgetAsync(string image) => _ = await engine.Ctr.RunAsync("images", "remove", "--sync", image);

    private async Task AssertExportedAsync(SampleImage sample, string image)
    {
        using var folder = new TemporaryFolder("export");
        string archive = folder.File("image.tar");
        _ = await engine.Ctr.RunAsync("images", "export", "--all-platforms", "--skip-manifest-json", archive, image);
        await TarFile.ExtractToDirectoryAsync(archive, folder.Folder("layout"), overwriteFiles: true, Cancellation);
        sample.AssertHeldIn(folder.Folder("layout"));
    }

    // Through a file, which containerd's shim fills: ctr cancels the copying of a pipe when the command ends, and may then have read nothing.
    private async Task<string> RunAsync(string image, params string[] command)
    {
        using var folder = new TemporaryFolder("output");
        string output = folder.File("output");
        _ = await engine.Ctr.RunAsync(
            ["run", "--rm", "--snapshotter", Snapshotter, "--log-uri", $"file://{output}", image, $"c{Guid.NewGuid():n}", .. command]);
        return await File.ReadAllTextAsync(output, Cancellation);
    }
}
