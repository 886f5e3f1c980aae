using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace Registry.Storage.Files.Tests;

[UnsupportedOSPlatform("windows")]
public sealed class TokenKeyFileTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryFolder _folder = new();

    private string FilePath => Path.Combine(_folder.Path, "token-key.pem");

    [Fact]
    public void The_key_is_made_once_and_is_for_its_owner_only()
    {
        var first = Open();
        Assert.Equal(first, Open());
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(FilePath));
        Assert.Equal(["token-key.pem"], Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void A_key_that_a_copy_has_opened_to_others_is_closed()
    {
        var key = Open();
        File.SetUnixFileMode(FilePath, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        Assert.Equal(key, Open());
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(FilePath));
    }

    [Fact]
    public void What_a_crash_left_of_the_first_start_is_written_over()
    {
        File.WriteAllText($"{FilePath}.new", "-----BEGIN PRIV");
        Assert.NotEmpty(Open());
        Assert.Single(Directory.EnumerateFiles(_folder.Path));
    }

    [Fact]
    public void Anything_else_is_refused_with_what_to_do()
    {
        using var rsa = RSA.Create(2048);
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        foreach (var content in new[]
        {
            "", "nonsense", rsa.ExportPkcs8PrivateKeyPem(), p384.ExportPkcs8PrivateKeyPem(), p256.ExportSubjectPublicKeyInfoPem(),
            p256.ExportPkcs8PrivateKeyPem()[..80],
        })
        {
            File.WriteAllText(FilePath, content);
            var fault = Assert.Throws<FormatException>(() => TokenKeyFile.OpenOrCreate(FilePath)).Message;
            Assert.Equal($"{FilePath} is not a private key for ECDSA with P-256 in PEM; remove it and a new one is made (all users must log in again)", fault);
        }
    }

    public void Dispose() => _folder.Dispose();

    private byte[] Open()
    {
        using var key = TokenKeyFile.OpenOrCreate(FilePath);
        return key.ExportSubjectPublicKeyInfo();
    }
}
