using Registry.Testing.Layouts;

namespace Registry.Interop.Tests.Load;

public sealed class ConcurrencyTests(RegistryUnderTest registry)
{
    private const int Clients = 64;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sixty_four_clients_push_and_then_pull_different_images_at_once()
    {
        (OciLayoutBuilder Layout, OciDescriptor Image)[] images = [.. Enumerable.Range(0, Clients).Select(_ => Create())];

        await Task.WhenAll(images.Select((image, number) =>
            registry.Http.PushImageAsync(image.Layout, image.Image, $"load/image-{number % 8}", $"v{number}", Cancellation)));
        StoredImage[] stored = await Task.WhenAll(images.Select((image, number) =>
            registry.Http.ReadImageAsync($"load/image-{number % 8}", $"v{number}", Cancellation)));

        Assert.Equal(images.Select(image => image.Image.Digest), stored.Select(image => image.Digest));
        foreach (int repository in Enumerable.Range(0, 8))
        {
            string[] tags = await registry.Http.ReadTagsAsync($"load/image-{repository}", Cancellation);
            Assert.Equal(Clients / 8, tags.Length);
        }
    }

    [Fact]
    public async Task Sixty_four_clients_push_the_same_layer_to_different_repositories_at_once()
    {
        (OciLayoutBuilder layout, OciDescriptor image) = Create();

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(number =>
            registry.Http.PushImageAsync(layout, image, $"load/same-{number}", "1", Cancellation)));
        StoredImage[] stored = await Task.WhenAll(Enumerable.Range(0, Clients).Select(number =>
            registry.Http.ReadImageAsync($"load/same-{number}", "1", Cancellation)));

        Assert.All(stored, one => Assert.Equal(image.Digest, one.Digest));
    }

    private static (OciLayoutBuilder Layout, OciDescriptor Image) Create()
    {
        var layout = new OciLayoutBuilder();
        OciLayer[] layers = [.. Enumerable.Range(0, 3).Select(_ => layout.AddGzipLayer(TarArchive.Of(("data", TarArchive.RandomPayload(100_000)))))];
        return (layout, layout.AddImage(layers));
    }
}
