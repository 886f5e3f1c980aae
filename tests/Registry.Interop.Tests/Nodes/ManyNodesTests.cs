using Registry.Interop.Tests.Containerd;
using Registry.Interop.Tests.Containers;
using Registry.Interop.Tests.Docker;
using Registry.Testing;
using Registry.Testing.Layouts;

namespace Registry.Interop.Tests.Nodes;

/// <summary>Real clients through a balancer that sends each request to another node, and with redirects to the store.</summary>
[Collection(nameof(DockerEngine))]
public sealed class ManyNodesTests(ManyNodes nodes, DockerEngine docker, ContainersHome home, ContainerdEngine containerd)
    : IClassFixture<ManyNodes>, IClassFixture<ContainersHome>, IClassFixture<ContainerdEngine>, IDisposable
{
    // More than nginx holds in memory, and several parts of an upload.
    private const int LargeLayer = 40 * 1024 * 1024;

    private readonly TemporaryFolder _folder = new("many");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Docker_pushes_and_pulls(bool redirects)
    {
        NodeGroup group = await nodes.StartAsync(redirects);
        string image = $"{group.HostPort}/nodes/docker:1";
        string payload = await docker.ImportAsync(image);
        string id = await docker.IdAsync(image);
        _ = await docker.Docker.RunAsync("push", image);
        _ = await docker.Docker.RunAsync("rmi", "--force", image);
        _ = await docker.Docker.RunAsync("pull", image);
        Assert.Equal(id, await docker.IdAsync(image));
        Assert.StartsWith(payload, await docker.RunAsync(image), StringComparison.Ordinal);
        await AssertRedirectedAsync(group, "nodes/docker", redirects);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Podman_pulls_and_pushes_what_skopeo_pulls(bool redirects)
    {
        NodeGroup group = await nodes.StartAsync(redirects);
        var sample = SampleImage.OfLayers(5);
        string image = $"{group.HostPort}/nodes/podman:1";
        string copy = $"{group.HostPort}/nodes/podman-copy:1";
        await group.Http.PushImageAsync(sample.Layout, sample.Top, "nodes/podman", "1", Cancellation);
        _ = await home.Podman.RunAsync("pull", "--tls-verify=false", image);
        _ = await home.Podman.RunAsync("push", "--tls-verify=false", image, copy);
        _ = await home.Skopeo.RunAsync("copy", "--src-tls-verify=false", $"docker://{copy}", $"oci:{_folder.Path}/pulled:1");
        await AssertRedirectedAsync(group, "nodes/podman", redirects);
        await AssertRedirectedAsync(group, "nodes/podman-copy", redirects);
        StoredImage original = await group.Http.ReadImageAsync("nodes/podman", "1", Cancellation);
        StoredImage stored = await group.Http.ReadImageAsync("nodes/podman-copy", "1", Cancellation);
        Assert.Equal(original.Config.Digest, stored.Config.Digest);
        Assert.Equal(5, stored.Layers.Count());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Skopeo_pushes_and_pulls_a_large_layer_byte_for_byte(bool redirects)
    {
        NodeGroup group = await nodes.StartAsync(redirects);
        var layout = new OciLayoutBuilder();
        OciDescriptor image = layout.AddImage([layout.AddGzipLayer(TarArchive.Of(("large", TarArchive.RandomPayload(LargeLayer))))]);
        layout.Write(_folder.Folder("pushed"), image, "sample");
        string target = $"docker://{group.HostPort}/nodes/skopeo:1";
        _ = await home.Skopeo.RunAsync("copy", "--dest-tls-verify=false", $"oci:{_folder.Folder("pushed")}:sample", target);
        _ = await home.Skopeo.RunAsync("copy", "--src-tls-verify=false", target, $"oci:{_folder.Folder("pulled")}:sample");
        Assert.All(
            layout.Content,
            blob => Assert.Equal(blob.Value, File.ReadAllBytes(Path.Combine(_folder.Path, "pulled", "blobs", "sha256", blob.Key["sha256:".Length..]))));
        await AssertRedirectedAsync(group, "nodes/skopeo", redirects);
        Assert.DoesNotContain("buffered to a temporary file", await group.Nginx.ReadLogAsync(Cancellation), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Containerd_pulls_an_index_and_pushes_it_again(bool redirects)
    {
        NodeGroup group = await nodes.StartAsync(redirects);
        var sample = SampleImage.MultiArchitecture();
        await group.Http.PushImageAsync(sample.Layout, sample.Top, "nodes/containerd", "1", Cancellation);
        string image = $"{group.HostPort}/nodes/containerd:1";
        string copy = $"{group.HostPort}/nodes/containerd-copy:1";
        _ = await containerd.Ctr.RunAsync("images", "pull", "--snapshotter", "native", "--plain-http", "--all-platforms", image);
        await AssertRedirectedAsync(group, "nodes/containerd", redirects);
        _ = await containerd.Ctr.RunAsync("images", "tag", image, copy);
        _ = await containerd.Ctr.RunAsync("images", "push", "--plain-http", copy);
        await sample.AssertHeldAsync(group.Http, "nodes/containerd-copy", "1");
    }

    // The client has pulled, and the line of the request follows its answer.
    private static async Task AssertRedirectedAsync(NodeGroup group, string repository, bool redirects)
    {
        if (redirects)
        {
            await Eventually.TrueAsync(() => group.HasRedirected(repository), $"a client of {repository} is sent to the store");
        }

        Assert.Equal(redirects, group.HasRedirected(repository));
    }
}
