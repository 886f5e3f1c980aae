using Registry.Interop.Tests.Containerd;
using Registry.Interop.Tests.Containers;
using Registry.Interop.Tests.Docker;
using Registry.Testing;
using Registry.Testing.Layouts;

namespace Registry.Interop.Tests.Nodes;

/// <summary>Real clients through a balancer that sends each request to another node.</summary>
[Collection(nameof(DockerEngine))]
public sealed class ManyNodesTests(ManyNodes nodes, DockerEngine docker, ContainersHome home, ContainerdEngine containerd)
    : IClassFixture<ManyNodes>, IClassFixture<ContainersHome>, IClassFixture<ContainerdEngine>, IDisposable
{
    // More than nginx holds in memory, and several parts of an upload.
    private const int LargeLayer = 40 * 1024 * 1024;

    private readonly TemporaryFolder _folder = new("many");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Docker_pushes_and_pulls()
    {
        string image = $"{nodes.HostPort}/nodes/docker:1";
        string payload = await docker.ImportAsync(image);
        string id = await docker.IdAsync(image);
        _ = await docker.Docker.RunAsync("push", image);
        _ = await docker.Docker.RunAsync("rmi", "--force", image);
        _ = await docker.Docker.RunAsync("pull", image);
        Assert.Equal(id, await docker.IdAsync(image));
        Assert.StartsWith(payload, await docker.RunAsync(image), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Podman_pulls_and_pushes_what_skopeo_pulls()
    {
        var sample = SampleImage.OfLayers(5);
        string image = $"{nodes.HostPort}/nodes/podman:1";
        string copy = $"{nodes.HostPort}/nodes/podman-copy:1";
        await nodes.Http.PushImageAsync(sample.Layout, sample.Top, "nodes/podman", "1", Cancellation);
        _ = await home.Podman.RunAsync("pull", "--tls-verify=false", image);
        _ = await home.Podman.RunAsync("push", "--tls-verify=false", image, copy);
        _ = await home.Skopeo.RunAsync("copy", "--src-tls-verify=false", $"docker://{copy}", $"oci:{_folder.Path}/pulled:1");
        StoredImage original = await nodes.Http.ReadImageAsync("nodes/podman", "1", Cancellation);
        StoredImage stored = await nodes.Http.ReadImageAsync("nodes/podman-copy", "1", Cancellation);
        Assert.Equal(original.Config.Digest, stored.Config.Digest);
        Assert.Equal(5, stored.Layers.Count());
    }

    [Fact]
    public async Task Skopeo_pushes_and_pulls_a_large_layer_byte_for_byte()
    {
        var layout = new OciLayoutBuilder();
        OciDescriptor image = layout.AddImage([layout.AddGzipLayer(TarArchive.Of(("large", TarArchive.RandomPayload(LargeLayer))))]);
        layout.Write(_folder.Folder("pushed"), image, "sample");
        string target = $"docker://{nodes.HostPort}/nodes/skopeo:1";
        _ = await home.Skopeo.RunAsync("copy", "--dest-tls-verify=false", $"oci:{_folder.Folder("pushed")}:sample", target);
        _ = await home.Skopeo.RunAsync("copy", "--src-tls-verify=false", target, $"oci:{_folder.Folder("pulled")}:sample");
        Assert.All(
            layout.Content,
            blob => Assert.Equal(blob.Value, File.ReadAllBytes(Path.Combine(_folder.Path, "pulled", "blobs", "sha256", blob.Key["sha256:".Length..]))));
        Assert.DoesNotContain("buffered to a temporary file", await nodes.Nginx.ReadLogAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Containerd_pulls_an_index_and_pushes_it_again()
    {
        var sample = SampleImage.MultiArchitecture();
        await nodes.Http.PushImageAsync(sample.Layout, sample.Top, "nodes/containerd", "1", Cancellation);
        string image = $"{nodes.HostPort}/nodes/containerd:1";
        string copy = $"{nodes.HostPort}/nodes/containerd-copy:1";
        _ = await containerd.Ctr.RunAsync("images", "pull", "--snapshotter", "native", "--plain-http", "--all-platforms", image);
        _ = await containerd.Ctr.RunAsync("images", "tag", image, copy);
        _ = await containerd.Ctr.RunAsync("images", "push", "--plain-http", copy);
        await sample.AssertHeldAsync(nodes.Http, "nodes/containerd-copy", "1");
    }
}
