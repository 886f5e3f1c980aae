using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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
        int port = FreePorts.Find(1)[0];
        await using NginxServer nginx = await StartAsync(port);
        var layout = new OciLayoutBuilder();
        OciDescriptor image = layout.AddImage([layout.AddGzipLayer(TarArchive.Of(("large", TarArchive.RandomPayload(LargeLayer))))]);
        layout.Write(_folder.Folder("pushed"), image, "sample");
        string target = $"docker://127.0.0.1:{port}/behind/nginx:1";

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
        int port = FreePorts.Find(1)[0];
        await using NginxServer nginx = await StartAsync(port);
#pragma warning disable CA5359 // It is the nginx that was just started.
        using var client = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
#pragma warning restore CA5359
        string scopes = string.Join('&', Enumerable.Range(0, 300).Select(i => $"scope=repository%3Agroup%2Fplatform-services%2Fcomponent-{i:000}%2Fbackend%3Apull%2Cpush"));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"https://127.0.0.1:{port}/v2/?{scopes}"));
        _ = request.Headers.TryAddWithoutValidation(
            "Range", "bytes=" + string.Join(',', Enumerable.Range(0, 1024).Select(i => $"{10_000_000_000 + (2L * i)}-{10_000_000_000 + (2L * i)}")));

        using HttpResponseMessage answer = await client.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private async Task<NginxServer> StartAsync(int port)
    {
        string server = InstallGuide.Replace(
            Assert.Single(InstallGuide.Blocks("Behind nginx", "nginx")),
            ("listen 443 ssl", $"listen 127.0.0.1:{port} ssl"),
            ("/etc/nginx", _folder.Path),
            ("127.0.0.1:15000", registry.HostPort));
        await WriteCertificateAsync();
        return await NginxServer.StartAsync(_folder, server, port, Cancellation);
    }

    private async Task WriteCertificateAsync()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=registry.example.com", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await File.WriteAllTextAsync(_folder.File("registry.crt"), certificate.ExportCertificatePem(), Cancellation);
        await File.WriteAllTextAsync(_folder.File("registry.key"), key.ExportPkcs8PrivateKeyPem(), Cancellation);
    }
}
