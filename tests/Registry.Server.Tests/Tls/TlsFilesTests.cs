using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Registry.Server.Configuration;

namespace Registry.Server.Tests.Tls;

/// <summary>Faults of TLS files that prevent the start, and those that only cause a warning.</summary>
public sealed class TlsFilesTests : IDisposable
{
    private readonly TlsFolder _tls = new();

    public void Dispose() => _tls.Dispose();

    [Theory]
    [InlineData("no certificate", "REGISTRY_TLS_CERT holds no certificate in PEM")]
    [InlineData("broken certificate", "REGISTRY_TLS_CERT holds a certificate that cannot be read")]
    [InlineData("no key", "REGISTRY_TLS_KEY holds no RSA or ECDSA private key in PEM")]
    [InlineData("public key", "REGISTRY_TLS_KEY holds no RSA or ECDSA private key in PEM")]
    [InlineData("encrypted key", "REGISTRY_TLS_KEY is encrypted, and the registry cannot prompt for its password; 'openssl pkey ")]
    [InlineData("encrypted key of old", "REGISTRY_TLS_KEY is encrypted, and the registry cannot prompt for its password; 'openssl pkey ")]
    [InlineData("short key", "REGISTRY_TLS_KEY has 1024 bits; clients refuse RSA keys of less than 2048")]
    [InlineData("other key", "REGISTRY_TLS_KEY does not match any certificate in REGISTRY_TLS_CERT, whose first is CN=registry")]
    [InlineData("missing certificate", ": there is no such file")]
    [InlineData("folder", "/tls.key: it is a folder, not a file")]
    [InlineData("no client authority", "REGISTRY_TLS_CLIENT_CA holds no certificate in PEM")]
    public async Task Files_that_cannot_be_used_keep_the_registry_from_starting(string fault, string reason)
    {
        Break(fault);

        var refused = await Assert.ThrowsAsync<StartupException>(async () =>
        {
            await using var registry = await TestRegistry.StartAsync(options =>
                _tls.Configure(options) with { TlsClientCa = File.Exists(_tls.ClientCa) ? _tls.ClientCa : null });
        });

        Assert.StartsWith($"TLS cannot start with REGISTRY_TLS_CERT {_tls.Certificate} and REGISTRY_TLS_KEY {_tls.Key}: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Theory]
    [InlineData(-10, -1, "expired on ")]
    [InlineData(-10, 13, "expires on ")]
    [InlineData(1, 90, "is not valid before ")]
    [InlineData(-10, 15, null)]
    public async Task A_certificate_that_needs_attention_is_used_and_said(int fromDays, int toDays, string? concern)
    {
        var now = DateTimeOffset.UtcNow;
        _tls.Write(_tls.Authority.Issue("aging", now.AddDays(fromDays), now.AddDays(toDays)));

        await using var registry = await TestRegistry.StartAsync(_tls.Configure);

        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/"));
        var warnings = registry.Log.Entries.Where(entry => entry.Level >= LogLevel.Warning).Select(entry => entry.Message).ToList();
        if (concern is null)
        {
            Assert.Empty(warnings);
            return;
        }

        Assert.StartsWith($"The certificate CN=aging of REGISTRY_TLS_CERT {concern}", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Contains(now.AddDays(fromDays > 0 ? fromDays : toDays).ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture), warnings[0], StringComparison.Ordinal);
    }

    private void Break(string fault)
    {
        switch (fault)
        {
            case "no certificate":
                File.WriteAllText(_tls.Certificate, "x");
                break;
            case "broken certificate":
                File.WriteAllText(_tls.Certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
                break;
            case "no key":
                File.WriteAllText(_tls.Key, "x");
                break;
            case "public key":
                using (var key = ECDsa.Create())
                {
                    File.WriteAllText(_tls.Key, key.ExportSubjectPublicKeyInfoPem());
                }

                break;
            case "encrypted key":
                using (var key = ECDsa.Create())
                {
                    File.WriteAllText(_tls.Key, key.ExportEncryptedPkcs8PrivateKeyPem("x", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
                }

                break;
            case "encrypted key of old":
                File.WriteAllText(_tls.Key, "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n");
                break;
            case "short key":
#pragma warning disable CA5385 // That it is too short is the point.
                using (var key = RSA.Create(1024))
#pragma warning restore CA5385
                {
                    File.WriteAllText(_tls.Key, key.ExportPkcs8PrivateKeyPem());
                }

                break;
            case "other key":
                File.WriteAllText(_tls.Key, _tls.Authority.Issue().Key);
                break;
            case "missing certificate":
                File.Delete(_tls.Certificate);
                break;
            case "folder":
                File.Delete(_tls.Key);
                Directory.CreateDirectory(_tls.Key);
                break;
            default:
                File.WriteAllText(_tls.ClientCa, "x");
                break;
        }
    }
}
