using System.Net;
using Registry.Interop.Tests.Containers;
using Registry.Testing;
using Registry.Testing.Layouts;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Packages;

/// <summary>The nginx configuration of docs/install.md, unchanged except for ports and files.</summary>
public sealed class NginxTests(ContainersHome home, RegistryUnderTest registry) : IClassFixture<ContainersHome>, IDisposable
{
    // Far more than nginx holds in memory, and than its limit for bodies unless it is told otherwise (1 MiB).
    private const int LargeLayer = 64 * 1024 * 1024;

    private readonly TemporaryFolder _folder = new("nginx");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_large_layer_is_pushed_and_pulled_through_nginx()
    {
        Command skopeo = home.Skopeo;
        await using NginxServer nginx = await StartAsync();
        var layout = new OciLayoutBuilder();
        OciDescriptor image = layout.AddImage([layout.AddGzipLayer(TarArchive.Of(("large", TarArchive.RandomPayload(LargeLayer))))]);
        layout.Write(_folder.Folder("pushed"), image, "sample");
        string target = $"docker://127.0.0.1:{nginx.Port}/behind/nginx:1";

        _ = await skopeo.RunAsync("copy", "--dest-tls-verify=false", $"oci:{_folder.Folder("pushed")}:sample", target);
        _ = await skopeo.RunAsync("copy", "--src-tls-verify=false", target, $"oci:{_folder.Folder("pulled")}:sample");

        StoredImage stored = await registry.Http.ReadImageAsync("behind/nginx", "1", Cancellation);
        Assert.Equal(image.Digest, stored.Digest);
        Assert.All(
            layout.Content,
            blob => Assert.Equal(blob.Value, File.ReadAllBytes(Path.Combine(_folder.Path, "pulled", "blobs", "sha256", blob.Key["sha256:".Length..]))));
        Assert.DoesNotContain("buffered to a temporary file", await nginx.ReadLogAsync(Cancellation), StringComparison.Ordinal);
    }

    // regclient asks for the scopes of every repository it has touched, podman for the chunks of a layer that have changed.
    [Fact]
    public async Task Three_hundred_scopes_and_a_thousand_ranges_pass_through_nginx()
    {
        await using NginxServer nginx = await StartAsync();
        using var client = new HttpClient(GuideNginx.CreateHandler());
        string scopes = string.Join('&', Enumerable.Range(0, 300).Select(i => $"scope=repository%3Agroup%2Fplatform-services%2Fcomponent-{i:000}%2Fbackend%3Apull%2Cpush"));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"https://127.0.0.1:{nginx.Port}/v2/?{scopes}"));
        _ = request.Headers.TryAddWithoutValidation(
            "Range", "bytes=" + string.Join(',', Enumerable.Range(0, 1024).Select(i => $"{10_000_000_000 + (2L * i)}-{10_000_000_000 + (2L * i)}")));

        using HttpResponseMessage answer = await client.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private Task<NginxServer> StartAsync() => GuideNginx.StartAsync(_folder, registry.HostPort, Cancellation);
}
