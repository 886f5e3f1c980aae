using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Registry.Core.Access;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Tls;

/// <summary>Requests over TLS, on every transport.</summary>
public sealed class TlsTests : IDisposable
{
    // Over several of the pieces in which files and TLS go out.
    private const int Large = (3 * 1024 * 1024) + 17;

    private readonly TlsFolder _tls = new();

    public static TheoryData<TransportKind, int> TransportsAndVersions => new()
    {
        { TransportKind.Direct, 1 }, { TransportKind.Direct, 2 }, { TransportKind.Kestrel, 1 }, { TransportKind.Kestrel, 2 },
    };

    public void Dispose() => _tls.Dispose();

    [Theory]
    [MemberData(nameof(TransportsAndVersions))]
    public async Task What_is_pushed_comes_back_over_either_version_of_HTTP(TransportKind transport, int version)
    {
        await using var registry = await StartAsync(transport);
        using var client = _tls.Authority.CreateClient(Address(registry), new Version(version, version == 1 ? 1 : 0));
        var blob = await client.PushBlobAsync("tls", TestBlob.Random(Large));
        var image = await client.PushAsync("tls", TestImage.Create(), "latest");

        var downloads = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.GetAnswerAsync($"/v2/tls/blobs/{blob.Digest}")));
        var part = await client.GetAnswerAsync($"/v2/tls/blobs/{blob.Digest}", ("Range", $"bytes={Large - 1000}-"));
        var head = await client.HeadAnswerAsync($"/v2/tls/blobs/{blob.Digest}");
        using var response = await client.GetAsync(new Uri("/v2/tls/manifests/latest", UriKind.Relative));

        Assert.Equal("https", Address(registry).Scheme);
        Assert.All(downloads, download => Assert.Equal(blob.Bytes, download.Body));
        Assert.Equal(blob.Bytes[^1000..], part.Body);
        Assert.Equal(Large, head.Length);
        Assert.Equal(version, response.Version.Major);
        Assert.Equal(image.Manifest.Bytes, await response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task Locations_stay_relative_and_the_realm_is_where_the_client_is(TransportKind transport)
    {
        using var access = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(
            options => _tls.Configure(access.Configure(options with { Transport = transport }, AuthenticationKind.BuiltInToken)));

        var challenge = await registry.Client.GetAnswerAsync("/v2/");
        var begun = await registry.Client.RequestAsync("POST", "/v2/team/app/blobs/uploads/", null, AccessFolder.Basic("alice"));

        Assert.Contains($"realm=\"https://{Address(registry).Authority}/token\"", challenge["WWW-Authenticate"], StringComparison.Ordinal);
        Assert.StartsWith("/v2/team/app/blobs/uploads/", begun.Location, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_chain_goes_along()
    {
        using var intermediate = _tls.Authority.Intermediate("Test Intermediate");
        _tls.Write(intermediate.Issue("behind an intermediate"));
        await using var registry = await StartAsync();
        IReadOnlyList<X509Certificate2> sent = [];
        using var client = _tls.Authority.CreateClient(Address(registry), seen: (_, others) => sent = others);

        Check.Status(200, await client.GetAnswerAsync("/v2/"));

        Assert.Contains(sent, certificate => certificate.Subject == "CN=Test Intermediate");
    }

    [Fact]
    public async Task A_key_for_RSA_and_a_certificate_that_is_not_the_first_are_fine()
    {
        using var intermediate = _tls.Authority.Intermediate("Test Intermediate");
        var (certificate, key) = intermediate.Issue(isRsa: true);
        _tls.Write((intermediate.Pem + "\n" + certificate, key));
        await using var registry = await StartAsync();
        using var client = _tls.Authority.CreateClient(Address(registry));

        Check.Status(200, await client.GetAnswerAsync("/v2/"));
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Current_versions_of_TLS_are_spoken(SslProtocols version)
    {
        await using var registry = await StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(Address(registry).Host, Address(registry).Port);
#pragma warning disable CA5359 // The version is the point.
        await using var stream = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359

#pragma warning disable CA5398 // Each of them is the point.
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = version });
#pragma warning restore CA5398

        Assert.Equal(version, stream.SslProtocol);
    }

    // A library of today would not even ask.
    [Fact]
    public async Task TLS_1_1_is_refused()
    {
        await using var registry = await StartAsync();
        using var connection = await RawConnection.OpenPlainAsync(registry);
        byte[] hello = [3, 2, .. RandomNumberGenerator.GetBytes(32), 0, 0, 4, 0xC0, 0x09, 0xC0, 0x0A, 1, 0];
        byte[] handshake = [1, 0, 0, (byte)hello.Length, .. hello];
        await connection.SendAsync(new byte[] { 22, 3, 1, 0, (byte)handshake.Length }.Concat(handshake).ToArray());

        var alert = await connection.ReadToEndAsync();

        // A fatal alert: protocol_version (RFC 5246, section 7.2), and nothing else.
        Assert.Equal((21, 2, 70), (alert[0], alert[^2], alert[^1]));
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task With_an_authority_for_clients_a_certificate_is_required(int version)
    {
        using var clients = new TestAuthority("Test Clients");
        await File.WriteAllTextAsync(_tls.ClientCa, clients.Pem);
        await using var registry = await TestRegistry.StartAsync(options => _tls.Configure(options) with { TlsClientCa = _tls.ClientCa });
        using var good = TlsFolder.ForClient(clients, "builder");
        using var impostor = TlsFolder.ForClient(_tls.Authority, "builder");
        var http = new Version(version, version == 1 ? 1 : 0);
        using var welcome = _tls.Authority.CreateClient(Address(registry), http, good);
        using var stranger = _tls.Authority.CreateClient(Address(registry), http, impostor);
        using var nobody = _tls.Authority.CreateClient(Address(registry), http);

        Check.Status(200, await welcome.GetAnswerAsync("/v2/"));
        await Assert.ThrowsAsync<HttpRequestException>(() => stranger.GetAnswerAsync("/v2/"));
        await Assert.ThrowsAsync<HttpRequestException>(() => nobody.GetAnswerAsync("/v2/"));
        Check.Status(200, await welcome.GetAnswerAsync("/v2/"));
    }

    [Fact]
    public async Task A_client_that_speaks_plain_HTTP_harms_no_other_client()
    {
        await using var registry = await StartAsync();
        using var connection = await RawConnection.OpenPlainAsync(registry);

        await connection.SendAsync("GET /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n");

        _ = await connection.ReadToEndAsync();
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/"));
    }

    private static Uri Address(TestRegistry registry) => new(registry.Host.Addresses[0]);

    private Task<TestRegistry> StartAsync(TransportKind transport = TransportKind.Direct) =>
        TestRegistry.StartAsync(options => _tls.Configure(options with { Transport = transport }));
}
