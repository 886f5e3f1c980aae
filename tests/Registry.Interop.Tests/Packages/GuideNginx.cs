using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Packages;

/// <summary>nginx with the configuration of docs/install.md, unchanged except for ports and files.</summary>
internal static class GuideNginx
{
    /// <summary>Starts it on a free port.</summary>
    /// <param name="folder">Folder of its files.</param>
    /// <param name="registry">Host and port of the registry behind it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<NginxServer> StartAsync(TemporaryFolder folder, string registry, CancellationToken cancellationToken)
    {
        int port = FreePorts.Find(1)[0];
        string server = InstallGuide.Replace(
            Assert.Single(InstallGuide.Blocks("Behind nginx", "nginx")),
            ("listen 443 ssl", $"listen 127.0.0.1:{port} ssl"),
            ("/etc/nginx", folder.Path),
            ("127.0.0.1:15000", registry));
        await WriteCertificateAsync(folder, cancellationToken);
        return await NginxServer.StartAsync(folder, server, port, cancellationToken);
    }

    /// <summary>Creates connections that accept its certificate.</summary>
    public static SocketsHttpHandler CreateHandler()
    {
#pragma warning disable CA5359 // It is the nginx that was just started.
        return new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
#pragma warning restore CA5359
    }

    private static async Task WriteCertificateAsync(TemporaryFolder folder, CancellationToken cancellationToken)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=registry.example.com", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await File.WriteAllTextAsync(folder.File("registry.crt"), certificate.ExportCertificatePem(), cancellationToken);
        await File.WriteAllTextAsync(folder.File("registry.key"), key.ExportPkcs8PrivateKeyPem(), cancellationToken);
    }
}
