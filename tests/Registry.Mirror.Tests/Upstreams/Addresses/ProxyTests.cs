using System.Net;
using Registry.Mirror.Tests.Upstreams.Fixtures;
using Registry.Mirror.Upstreams;

namespace Registry.Mirror.Tests.Upstreams.Addresses;

/// <summary>Upstreams behind a proxy, which resolves the names of hosts: what is checked is the names alone.</summary>
public sealed class ProxyTests
{
    private readonly TestBlob _blob = TestBlob.Random();

    [Fact]
    public async Task A_proxy_is_dialled_in_place_of_hosts()
    {
        await using var proxy = await ScriptedServer.StartAsync(context => context.BodyAsync(_blob.Bytes, "application/octet-stream"));
        using var upstream = TestUpstream.Create("http://registry.example", proxy: new WebProxy($"http://127.0.0.1:{proxy.Port}"));

        Assert.Equal(_blob.Bytes, await (await upstream.OpenAsync(_blob.Digest)).Given().ReadAsync());
        Assert.Equal("registry.example", Assert.Single(proxy.Requests).Host);
    }

    [Fact]
    public async Task Hosts_with_TLS_are_reached_through_tunnels_by_their_names_with_their_certificates()
    {
        var network = new TestNetwork();
        await using var content = await ScriptedServer.StartAsync(context => context.BodyAsync(_blob.Bytes, "application/octet-stream"), isTls: true);
        await using var server = await ScriptedServer.StartAsync(
            context => context.Status(307, ("Location", $"https://cdn.example:{content.Port}/x?signature=abc")), isTls: true);
        await using var proxy = new TunnelProxy();
        using var upstream = TestUpstream.Create($"https://registry.example:{server.Port}", network, proxy: proxy.Proxy);

        Assert.Equal(_blob.Bytes, await (await upstream.OpenAsync(_blob.Digest)).Given().ReadAsync());

        Assert.Equal([$"registry.example:{server.Port}", $"cdn.example:{content.Port}"], proxy.Tunnels);
        Assert.Equal($"cdn.example:{content.Port}", Assert.Single(content.Requests).Host);
        Assert.Empty(network.Resolved);
        Assert.All(network.Dialled, address => Assert.Equal(proxy.Proxy.Address!.Port, address.Port));

        // A host whose certificate has another name.
        using var other = TestUpstream.Create($"https://other.example:{server.Port}", network, proxy: proxy.Proxy);
        (await other.OpenAsync(_blob.Digest)).Reason(UpstreamFaultKind.Away);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("http://cdn.example/x")]
    [InlineData("https://127.0.0.1/x")]
    [InlineData("https://2130706433/x")]
    [InlineData("https://localhost/x")]
    [InlineData("https://10.0.0.1/x")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://[::1]/x")]
    [InlineData("https://[64:ff9b::a9fe:a9fe]/x")]
    [InlineData("https://[fd00:ec2::254]/x")]
    public async Task Addresses_that_are_not_dialled_are_not_asked_of_the_proxy_either(string location)
    {
        await using var server = await ScriptedServer.StartAsync(context => context.Status(302, ("Location", location)), isTls: true);
        await using var proxy = new TunnelProxy();
        using var upstream = TestUpstream.Create($"https://registry.example:{server.Port}", new TestNetwork(), proxy: proxy.Proxy);

        Assert.StartsWith("docker.io redirects to ", (await upstream.OpenAsync(_blob.Digest)).Reason(UpstreamFaultKind.Away), StringComparison.Ordinal);

        Assert.Equal([$"registry.example:{server.Port}"], proxy.Tunnels);
        Assert.Null(upstream.Away);
    }

    [Fact]
    public async Task Hosts_without_a_proxy_are_checked_and_dialled()
    {
        var network = new TestNetwork();
        network.Name("cdn.example", "10.0.0.1");
        await using var server = await ScriptedServer.StartAsync(context => context.Status(302, ("Location", "https://cdn.example/x")), isTls: true);
        await using var proxy = new TunnelProxy();
        var direct = proxy.Proxy;
        direct.BypassList = ["cdn\\.example"];
        using var upstream = TestUpstream.Create($"https://registry.example:{server.Port}", network, proxy: direct);

        Assert.Contains("10.0.0.1", (await upstream.OpenAsync(_blob.Digest)).Reason(UpstreamFaultKind.Away), StringComparison.Ordinal);

        Assert.Equal([$"registry.example:{server.Port}"], proxy.Tunnels);
        Assert.DoesNotContain(network.Dialled, address => address.Address.Equals(IPAddress.Parse("10.0.0.1")));
    }

    [Fact]
    public async Task A_proxy_that_opens_no_tunnel_is_an_upstream_that_is_away()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.Status(404), isTls: true);
        await using var proxy = new TunnelProxy { IsOpen = false };
        using var upstream = TestUpstream.Create($"https://registry.example:{server.Port}", new TestNetwork(), proxy: proxy.Proxy);

        (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away);

        Assert.Empty(server.Requests);
        Assert.NotEmpty(proxy.Tunnels);
    }
}
