using System.Security.Cryptography.X509Certificates;
using Registry.Server.Configuration;

namespace Registry.Server.Tests.Tls;

/// <summary>The files of a registry with TLS, and an authority that its clients trust.</summary>
internal sealed class TlsFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new(isInMemory: true);

    public TlsFolder() => Write(Authority.Issue());

    public TestAuthority Authority { get; } = new();

    public string Certificate => _folder.File("tls.crt");

    public string Key => _folder.File("tls.key");

    public string ClientCa => _folder.File("clients.crt");

    public void Write((string Certificate, string Key) issued)
    {
        File.WriteAllText(Certificate, issued.Certificate);
        File.WriteAllText(Key, issued.Key);
    }

    public RegistryOptions Configure(RegistryOptions options) => options with { TlsCert = Certificate, TlsKey = Key };

    /// <summary>A certificate with its key, for a client to show.</summary>
    public static X509Certificate2 ForClient(TestAuthority authority, string name)
    {
        var (certificate, key) = authority.Issue(name);
        using var pair = X509Certificate2.CreateFromPem(certificate, key);
        return X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
    }

    public void Dispose()
    {
        Authority.Dispose();
        _folder.Dispose();
    }
}
