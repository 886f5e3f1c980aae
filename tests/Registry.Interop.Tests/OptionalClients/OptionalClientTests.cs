using Registry.Testing;
using Registry.Testing.Layouts;

namespace Registry.Interop.Tests.OptionalClients;

public sealed class OptionalClientTests(RegistryUnderTest registry) : IDisposable
{
    private readonly TemporaryFolder _folder = new("optional");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [OptionalClientFact("crane")]
    public async Task Crane_pushes_and_pulls_an_index_byte_for_byte()
    {
        Command crane = Client("crane", "--insecure");
        var sample = SampleImage.MultiArchitecture();
        _ = sample.WriteTo(_folder.Folder("layout"));
        string image = $"{registry.HostPort}/crane/index:1";

        // The layout has one entry, which is the index.
        _ = await crane.RunAsync("push", "--index", _folder.Folder("layout"), image);
        StoredImage pushed = await registry.Http.ReadImageAsync("crane/index", "1", Cancellation);
        Assert.Contains(sample.Top.Digest, pushed.Children.Select(child => child.Digest).Append(pushed.Digest));
        _ = await crane.RunAsync("copy", image, $"{registry.HostPort}/crane/copy:1");
        Assert.Equal(pushed.Digest, (await crane.RunAsync("digest", $"{registry.HostPort}/crane/copy:1")).Text);

        _ = await crane.RunAsync("pull", "--format", "oci", image, _folder.Folder("pulled"));
        foreach (string digest in sample.Layout.Content.Keys)
        {
            byte[] pulled = await File.ReadAllBytesAsync(
                Path.Combine(_folder.Path, "pulled", "blobs", "sha256", digest["sha256:".Length..]), Cancellation);
            Assert.Equal(sample.Layout.Content[digest], pulled);
        }
    }

    [OptionalClientFact("oras")]
    public async Task Oras_pushes_pulls_and_attaches_an_artifact()
    {
        Command oras = Client("oras");
        byte[] content = TarArchive.RandomPayload();
        await File.WriteAllBytesAsync(_folder.File("artifact.bin"), content, Cancellation);
        string artifact = $"{registry.HostPort}/oras/artifact:1";

        _ = await oras.RunAsync(
            "push", "--plain-http", "--disable-path-validation", "--artifact-type", "application/vnd.example.test", artifact,
            _folder.File("artifact.bin"));
        StoredImage stored = await registry.Http.ReadImageAsync("oras/artifact", "1", Cancellation);
        Assert.Equal(content, await registry.Http.ReadBlobAsync("oras/artifact", stored.Layers.Single().Digest, Cancellation));

        _ = await oras.RunAsync(
            "attach", "--plain-http", "--disable-path-validation", "--artifact-type", "application/vnd.example.signature", artifact,
            _folder.File("artifact.bin"));
        CommandResult discovered = await oras.RunAsync("discover", "--plain-http", artifact);
        Assert.Contains("application/vnd.example.signature", discovered.StandardOutput, StringComparison.Ordinal);

        _ = await oras.RunAsync("pull", "--plain-http", "--allow-path-traversal", "-o", _folder.Folder("pulled"), artifact);
    }

    [OptionalClientFact("helm")]
    public async Task Helm_pushes_and_pulls_a_chart()
    {
        Command helm = Client("helm");
        helm.Environment["HOME"] = _folder.Folder("home");
        await File.WriteAllTextAsync(
            _folder.File("chart", "Chart.yaml"), "apiVersion: v2\nname: chart\nversion: 1.2.3\ndescription: A chart of a test\n", Cancellation);

        _ = await helm.RunAsync("package", _folder.Folder("chart"), "-d", _folder.Folder("packed"));
        byte[] packed = await File.ReadAllBytesAsync(_folder.File("packed", "chart-1.2.3.tgz"), Cancellation);
        _ = await helm.RunAsync("push", "--plain-http", _folder.File("packed", "chart-1.2.3.tgz"), $"oci://{registry.HostPort}/helm");
        _ = await registry.Http.ReadImageAsync("helm/chart", "1.2.3", Cancellation);

        _ = await helm.RunAsync(
            "pull", "--plain-http", $"oci://{registry.HostPort}/helm/chart", "--version", "1.2.3", "-d", _folder.Folder("pulled"));
        Assert.Equal(packed, await File.ReadAllBytesAsync(_folder.File("pulled", "chart-1.2.3.tgz"), Cancellation));
    }

    private static Command Client(string name, params string[] arguments) => new(name, $"{name} from its own release page", arguments);
}
