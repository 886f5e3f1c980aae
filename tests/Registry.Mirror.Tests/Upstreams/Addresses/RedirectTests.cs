using Registry.Mirror.Tests.Upstreams.Fixtures;
using Registry.Mirror.Upstreams;

namespace Registry.Mirror.Tests.Upstreams.Addresses;

public sealed class RedirectTests
{
    private readonly TestNetwork _network = new();
    private readonly TestBlob _blob = TestBlob.Random();

    [Fact]
    public async Task A_blob_comes_from_the_host_that_is_redirected_to_which_gets_no_credentials()
    {
        await using var content = await ScriptedServer.StartAsync(context => context.BodyAsync(_blob.Bytes, "application/octet-stream"), isTls: true);
        await using var server = await ScriptedServer.StartAsync(
            context =>
            {
                if (context.Request.Path == "/token")
                {
                    return context.JsonAsync("""{"token":"secret"}""");
                }

                if (context.Request.Headers.Authorization.Count == 0)
                {
                    context.Challenge($"https://registry.example:{context.Request.Host.Port}/token");
                }
                else
                {
                    context.Status(307, ("Location", $"https://user:password@cdn.example:{content.Port}/x?signature=abc"));
                }

                return Task.CompletedTask;
            },
            isTls: true);
        using var upstream = TestUpstream.At(server, _network, isTls: true);

        var blob = (await upstream.OpenAsync(_blob.Digest)).Given();

        Assert.Equal(_blob.Bytes.Length, blob.Length);
        Assert.Equal(_blob.Bytes, await blob.ReadAsync());
        Assert.Equal(new SeenRequest("GET", "/x?signature=abc", $"cdn.example:{content.Port}", null), Assert.Single(content.Requests));
        Assert.Contains(server.Requests, request => request.Authorization == "Bearer secret");
        Assert.Equal(_blob.Bytes.Length + """{"token":"secret"}""".Length, upstream.Counters.Received);
    }

    [Theory]
    [InlineData("http://cdn.example/x")]
    [InlineData("https://127.0.0.1/x")]
    [InlineData("https://2130706433/x")]
    [InlineData("https://localhost/x")]
    [InlineData("https://x.localhost./x")]
    [InlineData("https://10.0.0.1/x")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://[::1]/x")]
    [InlineData("https://[::ffff:7f00:1]/x")]
    [InlineData("https://[64:ff9b::a9fe:a9fe]/x")]
    [InlineData("https://[2002:7f00:1::]/x")]
    [InlineData("https://[fd00:ec2::254]/x")]
    [InlineData("https://[fe80::1]/x")]
    [InlineData("https://0.0.0.0/x")]
    [InlineData("https://224.0.0.1/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https://private.example/x")]
    [InlineData("https://metadata.example/x")]
    [InlineData("https://[/x")]
    public async Task Other_places_are_not_dialled(string location)
    {
        _network.Name("private.example", "192.168.0.1,::1");
        _network.Name("metadata.example", "::ffff:169.254.169.254");
        await using var server = await ScriptedServer.StartAsync(context => context.Status(302, ("Location", location)));
        using var upstream = TestUpstream.At(server, _network);

        var reason = (await upstream.OpenAsync(_blob.Digest)).Reason(UpstreamFaultKind.Away);

        Assert.StartsWith("docker.io ", reason, StringComparison.Ordinal);
        Assert.All(_network.Dialled, address => Assert.Equal("203.0.113.1", address.Address.ToString()));
        Assert.Single(server.Requests);
        Assert.Null(upstream.Away);
    }

    [Fact]
    public async Task Hosts_that_are_listed_may_be_private()
    {
        _network.Name("cdn.example", "10.0.0.1");
        await using var content = await ScriptedServer.StartAsync(context => context.BodyAsync(_blob.Bytes, "application/octet-stream"), isTls: true);
        await using var server = await ScriptedServer.StartAsync(context => context.Status(302, ("Location", $"https://cdn.example:{content.Port}/x")), isTls: true);
        using var closed = TestUpstream.At(server, _network, isTls: true);
        using var open = TestUpstream.At(server, _network, configure: settings => settings with { Redirects = ["cdn.example"] }, isTls: true);

        Assert.Contains("cdn.example", (await closed.OpenAsync(_blob.Digest)).Reason(UpstreamFaultKind.Away), StringComparison.Ordinal);
        Assert.Empty(content.Requests);
        Assert.Equal(_blob.Bytes, await (await open.OpenAsync(_blob.Digest)).Given().ReadAsync());
    }

    [Fact]
    public async Task An_upstream_in_a_private_network_may_redirect_there_but_not_to_this_machine()
    {
        _network.Name("registry.example", "10.0.0.1");
        _network.Name("cdn.example", "10.0.0.2");
        _network.Name("auth.example", "127.0.0.1");
        await using var content = await ScriptedServer.StartAsync(context => context.BodyAsync(_blob.Bytes, "application/octet-stream"), isTls: true);
        var target = "cdn.example";
        await using var server = await ScriptedServer.StartAsync(context => context.Status(302, ("Location", $"https://{target}:{content.Port}/x")), isTls: true);
        using var upstream = TestUpstream.At(server, _network, isTls: true);

        Assert.Equal(_blob.Bytes, await (await upstream.OpenAsync(_blob.Digest)).Given().ReadAsync());
        target = "auth.example";
        (await upstream.OpenAsync(_blob.Digest)).Reason(UpstreamFaultKind.Away);
        Assert.Single(content.Requests);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("::1")]
    public async Task The_name_of_an_upstream_does_not_lead_to_this_machine_or_link(string address)
    {
        _network.Name("registry.example", address);
        await using var server = await ScriptedServer.StartAsync(context => context.Status(404));
        using var upstream = TestUpstream.At(server, _network);

        Assert.Contains(address, (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away), StringComparison.Ordinal);
        Assert.Empty(_network.Dialled);
    }

    [Fact]
    public async Task The_address_that_was_checked_is_dialled_without_another_look_into_DNS()
    {
        _network.Name("cdn.example", "203.0.113.2", "127.0.0.1");
        await using var content = await ScriptedServer.StartAsync(
            context => context.BodyAsync(_blob.Bytes, "application/octet-stream", ("Connection", "close")), isTls: true);
        await using var server = await ScriptedServer.StartAsync(context => context.Status(302, ("Location", $"https://cdn.example:{content.Port}/x")), isTls: true);
        using var upstream = TestUpstream.At(server, _network, isTls: true);

        Assert.Equal(_blob.Bytes, await (await upstream.OpenAsync(_blob.Digest)).Given().ReadAsync());
        Assert.Single(_network.Resolved, "cdn.example");
        content.Answer = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        (await upstream.OpenAsync(_blob.Digest)).Reason(UpstreamFaultKind.Away);
        Assert.DoesNotContain(_network.Dialled, address => System.Net.IPAddress.IsLoopback(address.Address));
    }

    [Fact]
    public async Task Redirects_come_to_an_end()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.Status(302, ("Location", $"{context.Request.Path}x")));
        using var upstream = TestUpstream.At(server);

        Assert.Equal("docker.io redirects more than 5 times", (await upstream.OpenAsync(_blob.Digest)).Reason(UpstreamFaultKind.Away));
        Assert.Equal(6, server.Requests.Count);
    }
}
