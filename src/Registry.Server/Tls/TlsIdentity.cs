using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Registry.Server.Tls;

/// <summary>Server certificate, key and client CA bundle of TLS handshakes, read from PEM files and checked.</summary>
internal sealed class TlsIdentity
{
    // Current clients refuse smaller keys. So does the TLS library, but only at the first handshake.
    private const int SmallestRsaKey = 2048;

    private TlsIdentity(X509Certificate2 certificate, SslServerAuthenticationOptions handshake)
    {
        Certificate = certificate;
        Handshake = handshake;
    }

    /// <summary>The registry's own certificate.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>
    /// Options of handshakes. All connections share the object, so sessions can be resumed; do not change it. Established connections keep
    /// their options.
    /// </summary>
    public SslServerAuthenticationOptions Handshake { get; }

    /// <summary>Reads the files.</summary>
    /// <param name="files">Paths of the certificate chain, the key and, when clients need certificates, the CA bundle. All in PEM.</param>
    /// <exception cref="FormatException">A file cannot be used; the message says which, why and what to do.</exception>
    public static TlsIdentity Read(IReadOnlyList<byte[]> files)
    {
        var certificates = ReadCertificates(files[0], "REGISTRY_TLS_CERT");
        using var key = ReadKey(Encoding.UTF8.GetString(files[1]));
        var own = FindOwner(certificates, key);
        certificates.Remove(own);
        var clientCa = files.Count > 2 ? ReadCertificates(files[2], "REGISTRY_TLS_CLIENT_CA") : null;

        // Offline: neither the start nor a handshake waits for a server of a certificate authority.
        var certificate = WithKey(own, key);
        var trust = clientCa is null ? null : SslCertificateTrust.CreateForX509Collection(clientCa, sendTrustInHandshake: OperatingSystem.IsLinux());
        return new TlsIdentity(certificate, new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, certificates, offline: true, trust),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            ClientCertificateRequired = trust is not null,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        });
    }

    private static X509Certificate2Collection ReadCertificates(byte[] file, string setting)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(Encoding.UTF8.GetString(file));
        }
        catch (CryptographicException e)
        {
            throw new FormatException($"{setting} holds a certificate that cannot be read: {e.Message}", e);
        }

        return certificates.Count > 0
            ? certificates
            : throw new FormatException($"{setting} holds no certificate in PEM (-----BEGIN CERTIFICATE-----); 'openssl x509 -inform der' converts a certificate from DER");
    }

    private static AsymmetricAlgorithm ReadKey(string pem)
    {
        if (pem.Contains("ENCRYPTED", StringComparison.Ordinal))
        {
            throw new FormatException(
                "REGISTRY_TLS_KEY is encrypted, and the registry cannot prompt for its password; "
                    + "'openssl pkey -in encrypted.pem -out key.pem' decrypts it. Make the new file readable for the registry only");
        }

        if (pem.Contains(" PRIVATE KEY-----", StringComparison.Ordinal))
        {
            foreach (var create in (Func<AsymmetricAlgorithm>[])[RSA.Create, ECDsa.Create])
            {
                var key = create();
                try
                {
                    key.ImportFromPem(pem);
                    return key is RSA && key.KeySize < SmallestRsaKey
                        ? throw new FormatException($"REGISTRY_TLS_KEY has {key.KeySize} bits; clients refuse RSA keys of less than {SmallestRsaKey}")
                        : key;
                }
                catch (Exception e) when (e is CryptographicException or ArgumentException)
                {
                    // Not a key of this algorithm.
                    key.Dispose();
                }
            }
        }

        throw new FormatException("REGISTRY_TLS_KEY holds no RSA or ECDSA private key in PEM (-----BEGIN PRIVATE KEY-----)");
    }

    // Usually the first certificate; the rest is its chain.
    private static X509Certificate2 FindOwner(X509Certificate2Collection certificates, AsymmetricAlgorithm key)
    {
        var publicKey = key.ExportSubjectPublicKeyInfo();
        return certificates.FirstOrDefault(certificate => certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(publicKey))
            ?? throw new FormatException(
                $"REGISTRY_TLS_KEY does not match any certificate in REGISTRY_TLS_CERT, whose first is {certificates[0].Subject}; "
                + "when both files are being replaced, one is still the old one");
    }

    private static X509Certificate2 WithKey(X509Certificate2 certificate, AsymmetricAlgorithm key)
    {
        var whole = key is RSA rsa ? certificate.CopyWithPrivateKey(rsa) : certificate.CopyWithPrivateKey((ECDsa)key);
        if (!OperatingSystem.IsWindows())
        {
            return whole;
        }

        // Windows cannot use a key for handshakes that is in memory only.
        using (whole)
        {
            return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
        }
    }
}
