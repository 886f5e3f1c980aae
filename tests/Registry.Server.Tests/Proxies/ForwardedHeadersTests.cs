using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Registry.Core.Access;
using Registry.Server.Configuration.Values;
using Registry.Server.Pipeline;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Proxies;

/// <summary>Trust in forwarded headers: the matrix of peers and headers.</summary>
public sealed class ForwardedHeadersTests
{
    private const string Trusted = "10.0.0.0/8, 192.0.2.7, fd00::/8";
    private const string Proxy = "10.0.0.1";
    private const string Stranger = "203.0.113.5";
    private const string Client = "198.51.100.9";

    // Headers ('|' between), then the address, scheme and host that a trusted peer makes of them; null for what the connection says.
    public static TheoryData<string, string?, string?, string?> Claims => new()
    {
        { "", null, null, null },
        { $"X-Forwarded-For: {Client}", Client, null, null },
        { $"X-Forwarded-For: {Client}|X-Forwarded-Proto: https|X-Forwarded-Host: hub.example.com", Client, "https", "hub.example.com" },
        { "X-Forwarded-Proto: HTTPS", null, "https", null },
        { "X-Forwarded-Host: hub.example.com:8443", null, null, "hub.example.com:8443" },
        { $"X-Forwarded-For: {Client}:4711", Client, null, null },
        { "X-Forwarded-For: 2001:db8::1", "2001:db8::1", null, null },
        { "X-Forwarded-For: [2001:db8::1]:4711", "2001:db8::1", null, null },

        // A port goes to a host that has none, where the scheme does not imply it.
        { "X-Forwarded-Port: 8443", null, null, "direct.example.com:8443" },
        { "X-Forwarded-Host: hub.example.com|X-Forwarded-Port: 8443", null, null, "hub.example.com:8443" },
        { "X-Forwarded-Host: [2001:db8::1]|X-Forwarded-Port: 8443", null, null, "[2001:db8::1]:8443" },
        { "X-Forwarded-Host: hub.example.com:5000|X-Forwarded-Port: 8443", null, null, "hub.example.com:5000" },
        { "X-Forwarded-Host: [2001:db8::1]:5000|X-Forwarded-Port: 8443", null, null, "[2001:db8::1]:5000" },
        { "X-Forwarded-Host: hub.example.com|X-Forwarded-Port: 80", null, null, "hub.example.com" },
        { "X-Forwarded-Host: hub.example.com|X-Forwarded-Port: 443", null, null, "hub.example.com:443" },
        { "X-Forwarded-Host: hub.example.com|X-Forwarded-Port: 443|X-Forwarded-Proto: https", null, "https", "hub.example.com" },
        { "X-Forwarded-Port: 80|X-Forwarded-Proto: https", null, "https", "direct.example.com:80" },
        {
            $"X-Forwarded-For: {Client}, 10.9.9.9|X-Forwarded-Proto: https, http|X-Forwarded-Host: a.example, b.example|X-Forwarded-Port: 8443, 5000",
            Client, "https", "a.example:8443"
        },

        // What the client itself has written is further to the left than a proxy that is believed.
        { $"X-Forwarded-For: 1.1.1.1, {Client}", Client, null, null },
        { $"X-Forwarded-For: 1.1.1.1, {Client}, 10.9.9.9", Client, null, null },
        { $"X-Forwarded-For: 1.1.1.1, {Client}, 192.0.2.7, fd00::1", Client, null, null },
        { $"X-Forwarded-For: 1.1.1.1|X-Forwarded-For: {Client}", Client, null, null },
        { "X-Forwarded-Proto: https, http", null, "http", null },
        { $"X-Forwarded-For: {Client}, 10.9.9.9|X-Forwarded-Proto: https, http|X-Forwarded-Host: a.example, b.example", Client, "https", "a.example" },
        { $"X-Forwarded-For: 1.1.1.1, {Client}|X-Forwarded-Proto: https, http|X-Forwarded-Host: a.example, b.example", Client, "http", "b.example" },
        { "X-Forwarded-For: 10.9.9.8, 10.9.9.9", "10.9.9.8", null, null },

        // What is no address, scheme or host says nothing.
        { "X-Forwarded-For: unknown", null, null, null },
        { "X-Forwarded-For: 4711", null, null, null },
        { $"X-Forwarded-For: {Client}, nonsense", null, null, null },
        { "X-Forwarded-Proto: gopher", null, null, null },
        { "X-Forwarded-Host: a\"b", null, null, null },
        { "X-Forwarded-Host: a/b", null, null, null },
        { "X-Forwarded-Host: ", null, null, null },
        { "X-Forwarded-Port: 0", null, null, null },
        { "X-Forwarded-Port: 65536", null, null, null },
        { "X-Forwarded-Port: -1", null, null, null },
        { "X-Forwarded-Port: 84 43", null, null, null },

        { $"Forwarded: for={Client};proto=https;host=hub.example.com", Client, "https", "hub.example.com" },
        { $"Forwarded: For=\"{Client}:4711\" ; Proto=HTTPS", Client, "https", null },
        { "Forwarded: for=\"[2001:db8::1]:4711\"", "2001:db8::1", null, null },
        { $"Forwarded: for=1.1.1.1;proto=https;host=evil.example, for={Client};proto=http;host=hub.example.com", Client, "http", "hub.example.com" },
        { $"Forwarded: for={Client};proto=https, for=10.9.9.9;proto=http", Client, "https", null },
        { "Forwarded: for=unknown;proto=https", null, "https", null },
        { "Forwarded: for=_hidden", null, null, null },
        { "Forwarded: ;;=;for", null, null, null },

        // A proxy writes one family and passes the other on: where they disagree, neither counts.
        { $"X-Forwarded-For: {Client}|Forwarded: for={Client}", Client, null, null },
        { $"X-Forwarded-For: {Client}|Forwarded: for=1.1.1.1", null, null, null },
        { "X-Forwarded-Proto: https|Forwarded: proto=http", null, null, null },
        { "X-Forwarded-Host: hub.example.com|X-Forwarded-Port: 8443|Forwarded: host=\"hub.example.com:8443\"", null, null, "hub.example.com:8443" },
        { "X-Forwarded-Host: hub.example.com|X-Forwarded-Port: 8443|Forwarded: host=hub.example.com", null, null, null },
        { $"X-Forwarded-For: {Client}|Forwarded: proto=https", Client, "https", null },
    };

    [Theory]
    [MemberData(nameof(Claims))]
    public void Only_trusted_peers_are_believed(string headers, string? address, string? scheme, string? host)
    {
        var forwarded = new ForwardedRequest(ProxyList.Parse(Trusted)!);
        foreach (var peer in new[] { Proxy, "::ffff:10.0.0.1", "192.0.2.7", "fd00::7" })
        {
            var request = Request(peer, headers);
            forwarded.Apply(request);
            Assert.Equal((IPAddress.Parse(address ?? peer), scheme ?? "http", host ?? "direct.example.com"), Said(request));
        }

        foreach (var peer in new[] { Stranger, "11.0.0.1", "192.0.2.8", "::1", "::ffff:192.0.2.8", null })
        {
            var request = Request(peer, headers);
            forwarded.Apply(request);
            Assert.Equal((peer is null ? null : IPAddress.Parse(peer), "http", "direct.example.com"), Said(request));
        }
    }

    [Theory]
    [InlineData("127.0.0.1", "https://hub.example.com/token")]
    [InlineData("127.0.0.0/8, ::1", "https://hub.example.com/token")]
    [InlineData("192.0.2.1", null)]
    [InlineData(null, null)]
    public async Task The_realm_is_where_the_client_of_a_trusted_proxy_is_and_locations_stay_relative(string? trusted, string? realm)
    {
        using var access = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => access.Configure(options, AuthenticationKind.BuiltInToken) with
        {
            TrustedProxies = trusted is null ? ProxyList.None : ProxyList.Parse(trusted)!,
        });
        (string, string)[] forwarded = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "hub.example.com"), ("X-Forwarded-For", Client)];

        var challenge = await registry.Client.GetAnswerAsync("/v2/", forwarded);
        var begun = await registry.Client.RequestAsync("POST", "/v2/team/app/blobs/uploads/", null, [.. forwarded, AccessFolder.Basic("alice")]);

        Assert.Contains($"realm=\"{realm ?? $"{registry.Client.BaseAddress}token"}\"", challenge["WWW-Authenticate"], StringComparison.Ordinal);
        Assert.StartsWith("/v2/team/app/blobs/uploads/", begun.Location, StringComparison.Ordinal);
    }

    // Kestrel uses the objects of a request again for the next one of the connection.
    [Fact]
    public async Task What_was_forwarded_with_one_request_is_not_said_of_the_next()
    {
        using var access = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(
            options => access.Configure(options, AuthenticationKind.BuiltInToken) with { TrustedProxies = ProxyList.Parse("127.0.0.1")! });
        using var connection = await RawConnection.OpenAsync(registry);

        await connection.SendAsync("GET /v2/ HTTP/1.1\r\nHost: direct.example.com\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: hub.example.com\r\n\r\n");
        var forwarded = await connection.ReadAnswerAsync();
        await connection.SendAsync("GET /v2/ HTTP/1.1\r\nHost: direct.example.com\r\n\r\n");
        var direct = await connection.ReadAnswerAsync();

        Assert.Contains("realm=\"https://hub.example.com/token\"", forwarded["WWW-Authenticate"], StringComparison.Ordinal);
        Assert.Contains("realm=\"http://direct.example.com/token\"", direct["WWW-Authenticate"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("10.0.0.0/8")]
    [InlineData("10.0.0.1/8")]
    [InlineData("0.0.0.0/0,::/0")]
    [InlineData("fd00::1 , 10.0.0.1")]
    public void Addresses_and_networks_are_taken(string text) => Assert.False(ProxyList.Parse(text)!.IsEmpty);

    [Theory]
    [InlineData("proxy.example.com")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.1")]
    [InlineData("10.0.0.1,")]
    [InlineData("10.0.0.1 10.0.0.2")]
    [InlineData("*")]
    public void What_is_neither_is_not(string text) => Assert.Null(ProxyList.Parse(text));

    private static (IPAddress?, string, string) Said(HttpContext http) =>
        (http.Connection.RemoteIpAddress, http.Request.Scheme, http.Request.Headers.Host.ToString());

    private static DefaultHttpContext Request(string? peer, string headers)
    {
        var request = new HttpRequestFeature { Scheme = "http" };
        request.Headers.Host = "direct.example.com";
        foreach (var header in headers.Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = header.IndexOf(": ", StringComparison.Ordinal);
            request.Headers.Append(header[..colon], header[(colon + 2)..]);
        }

        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(request);
        features.Set<IHttpConnectionFeature>(new HttpConnectionFeature { RemoteIpAddress = peer is null ? null : IPAddress.Parse(peer) });
        return new DefaultHttpContext(features);
    }
}
