using System.Security.Cryptography;
using System.Text;

namespace Registry.Core.Access;

/// <summary>The key that the built-in token service signs with: made at the first start, readable by its owner only.</summary>
public static class TokenKeyFile
{
    /// <summary>Reads the key, making it first when there is none.</summary>
    /// <exception cref="FormatException">The file is not such a key.</exception>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    public static ECDsa OpenOrCreate(string path)
    {
        if (!File.Exists(path))
        {
            Create(path);
        }

        if (!OperatingSystem.IsWindows())
        {
            // A copy or a restored backup may have opened it up.
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(path));
            return key;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new FormatException($"{path} is not an ECDSA key in PEM; remove it and a new one is made (everybody logs in again)", e);
        }
    }

    private static void Create(string path)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
        }

        File.Move(temporary, path);
    }
}
