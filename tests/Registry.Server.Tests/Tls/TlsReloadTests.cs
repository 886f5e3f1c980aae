using Registry.Server.Configuration.Values;

namespace Registry.Server.Tests.Tls;

/// <summary>Certificates that change while clients work.</summary>
public sealed class TlsReloadTests : IDisposable
{
    private const int Renewals = 4;

    private readonly TlsFolder _tls = new();

    public void Dispose() => _tls.Dispose();

    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task No_request_is_lost_while_certificates_are_renewed(TransportKind transport)
    {
        await using var registry = await TestRegistry.StartAsync(options => _tls.Configure(options with { Transport = transport }));
        var image = await registry.Client.PushAsync(WorkingClients.Repository, TestImage.Create(layerSize: 300_000), "latest");
        await using var clients = new WorkingClients(
            _tls.Authority, new Uri(registry.Host.Addresses[0]), image, _ => Task.FromResult<(string, string)[]>([]));

        for (var i = 0; i < Renewals; i++)
        {
            // As certbot and kubelet do not: one file after the other, so that the pair does not match for a while.
            var (certificate, key) = _tls.Authority.Issue($"renewal {i}");
            await File.WriteAllTextAsync(_tls.Certificate, certificate);
            await File.WriteAllTextAsync(_tls.Key, key);
            var subject = $"CN=renewal {i}";
            await Eventually.HoldsAsync(async () => await SubjectAsync(registry) == subject, $"new connections get {subject}");
        }

        await clients.AssertNothingFailedAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_connection_outlives_the_certificate_it_began_with(int version)
    {
        await using var registry = await TestRegistry.StartAsync(_tls.Configure);
        var handshakes = 0;
        using var client = _tls.Authority.CreateClient(
            new Uri(registry.Host.Addresses[0]), new Version(version, version == 1 ? 1 : 0), seen: (_, _) => handshakes++);
        Check.Status(200, await client.GetAnswerAsync("/v2/"));

        _tls.Write(_tls.Authority.Issue("renewed"));
        await Eventually.HoldsAsync(async () => await SubjectAsync(registry) == "CN=renewed", "new connections get the new certificate");

        Check.Status(200, await client.GetAnswerAsync("/v2/"));
        Assert.Equal(1, handshakes);
    }

    [Fact]
    public async Task A_pair_that_does_not_match_leaves_the_last_good_one_in_force_and_is_said()
    {
        await using var registry = await TestRegistry.StartAsync(_tls.Configure);
        var (certificate, key) = _tls.Authority.Issue("renewed");

        await File.WriteAllTextAsync(_tls.Certificate, certificate);
        await SaysAsync(registry, "tls.key cannot be used, the last good version stays in force: REGISTRY_TLS_KEY does not match any certificate in REGISTRY_TLS_CERT, whose first is CN=renewed");
        Assert.Equal("CN=registry", await SubjectAsync(registry));

        await File.WriteAllTextAsync(_tls.Key, "-----BEGIN PRIVATE KEY-----\n");
        await SaysAsync(registry, "tls.key cannot be used, the last good version stays in force: REGISTRY_TLS_KEY holds no RSA or ECDSA private key");
        Assert.Equal("CN=registry", await SubjectAsync(registry));

        await File.WriteAllTextAsync(_tls.Key, key);
        await SaysAsync(registry, "tls.key was edited and is in force");
        Assert.Equal("CN=renewed", await SubjectAsync(registry));
    }

    private static Task SaysAsync(TestRegistry registry, string text) => Eventually.HoldsAsync(
        () => Task.FromResult(registry.Log.Entries.Any(entry => entry.Message.Contains(text, StringComparison.Ordinal))), $"the log says: {text}");

    private async Task<string?> SubjectAsync(TestRegistry registry)
    {
        string? subject = null;
        using var client = _tls.Authority.CreateClient(new Uri(registry.Host.Addresses[0]), seen: (certificate, _) => subject = certificate.Subject);
        Check.Status(200, await client.GetAnswerAsync("/v2/"));
        return subject;
    }
}
