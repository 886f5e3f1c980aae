using System.Security.Cryptography;
using System.Text;
using Registry.Files;

namespace Registry.Storage.Files;

/// <summary>
/// Signing key of the built-in token service: made at the first start, and readable by its owner only. It is in the data folder, which only one
/// process uses at a time.
/// </summary>
public static class TokenKeyFile
{
    private const int Bits = 256;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads the key, and makes it if the file does not exist.</summary>
    /// <exception cref="FormatException">The file does not contain such a key.</exception>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">The process lacks the permission to read it, or it belongs to another user and is open to others.</exception>
    public static ECDsa OpenOrCreate(string path)
    {
        if (!File.Exists(path))
        {
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            Replace(path, made);
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != 0)
        {
            // A copy or a restore may have widened the permissions.
            File.SetUnixFileMode(path, OwnerOnly);
        }

        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(Encoding.UTF8.GetString(OperatorFile.Read(path)));

            // A public key can be read, too, but cannot sign.
            key.SignHash(new byte[Bits / 8]);
            return key.KeySize == Bits ? key : throw new CryptographicException($"{key.KeySize} bits");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new FormatException(
                $"{path} is not a private key for ECDSA with P-256 in PEM; remove it and a new one is made (all users must log in again)", e);
        }
    }

    /// <summary>Replaces the key.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">A private key on P-256.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The process lacks the permission.</exception>
    public static void Replace(string path, ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        using var replacement = FileReplacement.BeginAnew(path);
        replacement.Finish(Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
    }
}
