using Registry.Interop.Tests.Containers;
using Registry.Interop.Tests.Docker;
using Registry.Testing;
using Registry.Testing.Layouts;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Tls;

/// <summary>Clients that check the certificate of the registry, and docker, which accepts any on the loopback interface.</summary>
[Collection(nameof(DockerEngine))]
public sealed class TlsClientTests(ContainersHome home, DockerEngine engine) : IClassFixture<ContainersHome>, IDisposable
{
    private readonly TemporaryFolder _folder = new("tls");
    private readonly TestAuthority _authority = new();

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Skopeo_pushes_and_pulls_over_TLS_and_refuses_an_authority_it_does_not_know()
    {
        Command skopeo = home.Skopeo;
        await using RegistryProcess registry = await StartAsync();
        var sample = SampleImage.MultiArchitecture();
        string image = $"docker://{registry.HostPort}/skopeo/tls:1";
        string layout = sample.WriteTo(_folder.Folder("layout"));

        Assert.Contains("unknown authority", (await skopeo.TryRunAsync("copy", "--all", layout, image)).AllOutput, StringComparison.Ordinal);
        _ = await skopeo.RunAsync("copy", "--all", "--dest-cert-dir", Trusted(), layout, image);
        _ = await skopeo.RunAsync("copy", "--all", "--src-cert-dir", Trusted(), image, $"oci:{_folder.Path}/copy:1");

        sample.AssertHeldIn(Path.Combine(_folder.Path, "copy"));
    }

    [Fact]
    public async Task Podman_pushes_and_pulls_over_TLS_with_a_certificate_of_its_own()
    {
        Command podman = home.Podman;
        await using RegistryProcess registry = await StartAsync(needsClients: true);
        string image = $"{registry.HostPort}/podman/tls:1";
        string archive = _folder.File("root.tar");
        Requires.StaticBusybox();
        await File.WriteAllBytesAsync(archive, TarArchive.RootFileSystem(TarArchive.RandomPayload()));
        _ = await podman.RunAsync("import", archive, image);
        string id = (await podman.RunAsync("image", "inspect", "-f", "{{.Id}}", image)).Text;

        Assert.NotEqual(0, (await podman.TryRunAsync("push", "--cert-dir", Trusted(), image)).ExitCode);
        string certificates = Trusted();
        (string certificate, string key) = _authority.Issue("builder");
        await File.WriteAllTextAsync(Path.Combine(certificates, "client.cert"), certificate);
        await File.WriteAllTextAsync(Path.Combine(certificates, "client.key"), key);
        _ = await podman.RunAsync("push", "--cert-dir", certificates, image);
        _ = await podman.RunAsync("rmi", "--force", image);
        _ = await podman.RunAsync("pull", "--cert-dir", certificates, image);

        Assert.Equal(id, (await podman.RunAsync("image", "inspect", "-f", "{{.Id}}", image)).Text);
    }

    [Fact]
    public async Task Docker_pushes_and_pulls_over_TLS()
    {
        Command docker = engine.Docker;
        await using RegistryProcess registry = await StartAsync();
        string image = $"{registry.HostPort}/docker/tls:1";
        string payload = await engine.ImportAsync(image);

        _ = await docker.RunAsync("push", image);
        _ = await docker.RunAsync("rmi", image);
        _ = await docker.RunAsync("pull", image);

        Assert.StartsWith(payload, await engine.RunAsync(image), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Curl_checks_the_certificate_and_speaks_HTTP_2()
    {
        await using RegistryProcess registry = await StartAsync();
        string[] ask = ["--silent", "--show-error", "--http2", "--write-out", "%{http_version} %{http_code}", $"{registry.BaseAddress}v2/"];
        var curl = new Command("curl", "curl");

        Assert.NotEqual(0, (await curl.TryRunAsync(ask)).ExitCode);
        Assert.Equal("{}2 200", (await curl.RunAsync(["--cacert", Path.Combine(Trusted(), "ca.crt"), .. ask])).Text);
    }

    private string Trusted()
    {
        File.WriteAllText(_folder.File("trusted", "ca.crt"), _authority.Pem);
        return _folder.Folder("trusted");
    }

    private async Task<RegistryProcess> StartAsync(bool needsClients = false)
    {
        (string certificate, string key) = _authority.Issue();
        await File.WriteAllTextAsync(_folder.File("tls.crt"), certificate);
        await File.WriteAllTextAsync(_folder.File("tls.key"), key);
        await File.WriteAllTextAsync(_folder.File("clients.crt"), _authority.Pem);
        return await RegistryProcess.StartAsync(
            _folder.Folder("storage"),
            new Dictionary<string, string?>
            {
                ["REGISTRY_TLS_CERT"] = _folder.File("tls.crt"),
                ["REGISTRY_TLS_KEY"] = _folder.File("tls.key"),
                ["REGISTRY_TLS_CLIENT_CA"] = needsClients ? _folder.File("clients.crt") : null,
            },
            cancellationToken: TestContext.Current.CancellationToken);
    }
}
