using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Registry.Testing;

/// <summary>Certificate authority of a test, with its certificates.</summary>
public sealed class TestAuthority : IDisposable
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly string _chainPem;

    /// <summary>Creates a root, which no client trusts by default.</summary>
    public TestAuthority(string name = "Test Root")
    {
        Certificate = Request(name).CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-2), DateTimeOffset.UtcNow.AddYears(2));
        _chainPem = string.Empty;
    }

    private TestAuthority(TestAuthority parent, string name)
    {
        using var signed = Request(name).Create(parent.Certificate, DateTimeOffset.UtcNow.AddYears(-1), DateTimeOffset.UtcNow.AddYears(1), SerialNumber());
        Certificate = signed.CopyWithPrivateKey(_key);
        _chainPem = signed.ExportCertificatePem() + "\n" + parent._chainPem;
    }

    /// <summary>Its own certificate.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Its own certificate in PEM.</summary>
    public string Pem => Certificate.ExportCertificatePem();

    /// <summary>Creates an authority whose certificate this one signs.</summary>
    public TestAuthority Intermediate(string name) => new(this, name);

    /// <summary>Signs a certificate for 127.0.0.1 and localhost, which is also valid as a client certificate.</summary>
    /// <returns>The certificate with its chain without the root, and its key, both in PEM.</returns>
    public (string Certificate, string Key) Issue(string name = "registry", DateTimeOffset? notBefore = null, DateTimeOffset? notAfter = null, bool isRsa = false)
    {
        using AsymmetricAlgorithm key = isRsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = key is RSA rsa
            ? new CertificateRequest($"CN={name}", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest($"CN={name}", (ECDsa)key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([ServerAuthentication, ClientAuthentication], false));
        using var signed = request.Create(
            Certificate.SubjectName,
            X509SignatureGenerator.CreateForECDsa(_key),
            notBefore ?? DateTimeOffset.UtcNow.AddDays(-1),
            notAfter ?? DateTimeOffset.UtcNow.AddDays(90),
            SerialNumber());
        return (signed.ExportCertificatePem() + "\n" + _chainPem, key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A client that trusts this authority and no other.</summary>
    /// <param name="address">Address of the registry.</param>
    /// <param name="version">Exact HTTP version.</param>
    /// <param name="shown">The client certificate; null for none.</param>
    /// <param name="seen">Receives the certificate of the registry at each new connection, with the intermediate certificates that it sent.</param>
    public HttpClient CreateClient(
        Uri address, Version? version = null, X509Certificate2? shown = null, Action<X509Certificate2, IReadOnlyList<X509Certificate2>>? seen = null)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
        {
            var received = (X509Certificate2)certificate!;
            seen?.Invoke(new X509Certificate2(received), [.. chain!.ChainPolicy.ExtraStore.Where(sent => !sent.Equals(received))]);
            return !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) && Trusts(received, chain!.ChainPolicy.ExtraStore);
        };
        if (shown is not null)
        {
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(shown, null, offline: true);
        }

        return new HttpClient(handler)
        {
            BaseAddress = address,
            DefaultRequestVersion = version ?? HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }

    private static byte[] SerialNumber() => RandomNumberGenerator.GetBytes(16);

    private bool Trusts(X509Certificate2 certificate, X509Certificate2Collection others)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(Certificate);
        chain.ChainPolicy.ExtraStore.AddRange(others);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    private CertificateRequest Request(string name)
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request;
    }
}
