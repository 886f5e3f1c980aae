using System.Security.Cryptography;
using System.Text;
using Registry.Core.Storage.FileSystem;

namespace Registry.Core.Access;

/// <summary>
/// The key that the built-in token service signs with: made at the first start, readable by its owner only. It is in the data folder, which one
/// process holds at a time.
/// </summary>
public static class TokenKeyFile
{
    private const int Bits = 256;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads the key, making it first when there is none.</summary>
    /// <exception cref="FormatException">The file is not such a key.</exception>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or belongs to somebody else and is open to others.</exception>
    public static ECDsa OpenOrCreate(string path)
    {
        if (!File.Exists(path))
        {
            Create(path);
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != 0)
        {
            // A copy or a restored backup has opened it up.
            File.SetUnixFileMode(path, OwnerOnly);
        }

        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(path));

            // A public key is a key, too, until something is to be signed.
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

    private static void Create(string path)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var replacement = FileReplacement.BeginAnew(path);
        replacement.Finish(Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
    }
}
