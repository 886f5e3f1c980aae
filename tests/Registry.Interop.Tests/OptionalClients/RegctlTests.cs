using Registry.Testing;
using Registry.Testing.Layouts;

namespace Registry.Interop.Tests.OptionalClients;

/// <summary>regclient repeats a request that a lost connection has ended, at the Location that it used before.</summary>
public sealed class RegctlTests(RegistryUnderTest registry) : IDisposable
{
    private const int LayerSize = 8 * 1024 * 1024;

    private readonly TemporaryFolder _folder = new("regctl");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [OptionalClientFact("regctl")]
    public Task Pushes_whole_layers_through_three_lost_connections() => PushesAsync("regctl/whole", blobMax: -1, cutAfter: LayerSize / 2);

    [OptionalClientFact("regctl")]
    public Task Pushes_layers_in_chunks_through_three_lost_connections() => PushesAsync("regctl/chunks", blobMax: 1, cutAfter: LayerSize / 5);

    private async Task PushesAsync(string repository, int blobMax, int cutAfter)
    {
        var layout = new OciLayoutBuilder();
        OciDescriptor image = layout.AddImage([layout.AddLayer(TarArchive.Of(("payload", TarArchive.RandomPayload(LayerSize))))]);
        layout.Write(_folder.Folder("layout"), image, "1");
        await using var proxy = new LoopbackProxy(registry.HostPort, cuts: 3, cutAfter);
        var regctl = new Command("regctl", "regclient from its own release page")
        {
            Environment = { ["HOME"] = _folder.Folder("home") },
        };
        _ = await regctl.RunAsync(
            "registry", "set", "--tls", "disabled", "--skip-check", "--blob-max", $"{blobMax}", "--blob-chunk", $"{LayerSize / 4}", proxy.HostPort);

        _ = await regctl.RunAsync("image", "copy", $"ocidir://{_folder.Path}/layout:1", $"{proxy.HostPort}/{repository}:1");

        Assert.True(proxy.CutsLeft <= 0, $"{proxy.CutsLeft} of 3 connections were not cut");
        StoredImage stored = await registry.Http.ReadImageAsync(repository, "1", Cancellation);
        Assert.Equal(image.Digest, stored.Digest);
        foreach (string digest in layout.Content.Keys.Where(digest => digest != image.Digest))
        {
            Assert.Equal(layout.Content[digest], await registry.Http.ReadBlobAsync(repository, digest, Cancellation));
        }
    }
}
