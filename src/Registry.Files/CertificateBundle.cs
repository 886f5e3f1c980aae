using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Registry.Files;

/// <summary>A file of the operator with the certificates of authorities.</summary>
public static class CertificateBundle
{
    /// <summary>Reads the certificates of a content in PEM.</summary>
    /// <exception cref="CryptographicException">It has no certificate, or one that cannot be read; the message is a clause.</exception>
    public static X509Certificate2Collection Read(byte[] content)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(Encoding.UTF8.GetString(content));
        return authorities.Count > 0 ? authorities : throw new CryptographicException("it has no certificate in PEM");
    }
}
