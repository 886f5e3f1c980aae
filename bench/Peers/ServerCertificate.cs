using Registry.Testing;

namespace Registry.Bench.Peers;

/// <summary>The certificate that all servers of a run show: ECDSA P-256, for the loopback interface.</summary>
/// <param name="Certificate">Path of the PEM file.</param>
/// <param name="Key">Path of its key.</param>
internal sealed record ServerCertificate(string Certificate, string Key)
{
    /// <summary>Creates one, signed by an authority that no client knows.</summary>
    public static ServerCertificate Create(TemporaryFolder folders)
    {
        using var authority = new TestAuthority();
        var (certificate, key) = authority.Issue();
        var files = new ServerCertificate(folders.File("certificate.pem"), folders.File("key.pem"));
        File.WriteAllText(files.Certificate, certificate);
        File.WriteAllText(files.Key, key);
        return files;
    }
}
