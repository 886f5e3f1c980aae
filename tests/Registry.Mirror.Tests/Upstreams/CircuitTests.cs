using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Registry.Mirror.Tests.Upstreams.Fixtures;
using Registry.Mirror.Upstreams;
using Registry.Mirror.Upstreams.Requests;

namespace Registry.Mirror.Tests.Upstreams;

public sealed class CircuitTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly TestImage _image = TestImage.Create();

    [Fact]
    public async Task After_the_first_failure_nothing_is_dialled_until_a_pause_has_passed_which_grows()
    {
        var network = new TestNetwork();
        using var upstream = TestUpstream.Create($"http://registry.example:{ClosedPort()}", network, _time);
        Assert.StartsWith("docker.io could not be reached: ", (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away), StringComparison.Ordinal);
        Assert.Equal(UpstreamFaultKind.Away, upstream.Away?.Kind);

        var dialled = 1;
        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 30, 30 })
        {
            _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
            Assert.Equal(upstream.Away!.Reason, (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away));
            Assert.Equal(dialled, network.Dialled.Count);
            _time.Advance(TimeSpan.FromTicks(1));
            (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away);
            (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away);
            Assert.Equal(++dialled, network.Dialled.Count);
        }

        Assert.Equal(8, upstream.Counters.Requests(UpstreamRequestKind.Manifest, UpstreamOutcome.Away));
        Assert.Equal(14, upstream.Counters.Requests(UpstreamRequestKind.Manifest, UpstreamOutcome.Refused));
    }

    [Fact]
    public async Task One_request_at_a_time_finds_out_whether_it_works_again()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.Status(500));
        using var upstream = TestUpstream.At(server, _time);
        Assert.Equal("docker.io answered 500 Internal Server Error", (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away));
        Assert.Single(server.Requests);
        _time.Advance(UpstreamCircuit.FirstPause);

        var goOn = new TaskCompletionSource();
        server.Answer = async context =>
        {
            await goOn.Task;
            await context.ManifestAsync(_image);
        };
        var trial = upstream.GetAsync();
        await Eventually.TrueAsync(() => server.Requests.Count == 2);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => upstream.GetAsync())), result => result.Reason(UpstreamFaultKind.Away));
        goOn.SetResult();
        (await trial).Given();
        Assert.Null(upstream.Away);
        (await upstream.GetAsync()).Given();
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task A_trial_that_its_caller_cancels_lets_the_next_one_through()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.Status(500));
        using var upstream = TestUpstream.At(server, _time);
        (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away);
        _time.Advance(UpstreamCircuit.FirstPause);

        server.Answer = context => context.HangAsync();
        using var leaves = new CancellationTokenSource();
        var trial = upstream.GetManifestAsync(TestUpstream.Repository, TestUpstream.Latest, leaves.Token);
        await Eventually.TrueAsync(() => server.Requests.Count == 2);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => trial);
        server.Answer = context => context.ManifestAsync(_image);
        (await upstream.GetAsync()).Given();
        Assert.Equal(1, upstream.Counters.Requests(UpstreamRequestKind.Manifest, UpstreamOutcome.Cancelled));
    }

    public static TheoryData<string, int> Pauses => new()
    {
        { "120", 120 },
        { "999999", 3600 },
        { "date", 300 },
        { "unix", 300 },
    };

    [Theory]
    [MemberData(nameof(Pauses))]
    public async Task Nothing_is_sent_until_the_time_that_the_upstream_has_asked_for(string header, int seconds)
    {
        var start = DateTimeOffset.FromUnixTimeSeconds(_time.GetUtcNow().ToUnixTimeSeconds() + 1);
        _time.SetUtcNow(start);
        var value = header switch
        {
            "date" => (start + TimeSpan.FromSeconds(300)).ToString("R", CultureInfo.InvariantCulture),
            "unix" => (start + TimeSpan.FromSeconds(300)).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            _ => header,
        };
        await using var server = await ScriptedServer.StartAsync(
            context => context.Status(429, ("Retry-After", value), ("RateLimit-Limit", "100;w=21600"), ("RateLimit-Remaining", "0;w=21600")));
        using var upstream = TestUpstream.At(server, _time);
        Assert.Equal("docker.io answered 429 Too Many Requests", (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away));
        Assert.Equal((100, 0), (upstream.Counters.Limit, upstream.Counters.RemainingLimit));
        server.Answer = context => context.ManifestAsync(_image);

        _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
        Assert.Equal("docker.io answered 429 Too Many Requests", (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away));
        Assert.Single(server.Requests);
        _time.Advance(TimeSpan.FromTicks(1));
        (await upstream.GetAsync()).Given();
        Assert.Null(upstream.Away);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(400)]
    [InlineData(404)]
    public async Task A_fault_of_one_repository_does_not_close_the_others(int status)
    {
        await using var server = await ScriptedServer.StartAsync(context => context.Status(status));
        using var upstream = TestUpstream.At(server);
        for (var i = 1; i < 4; i++)
        {
            Assert.StartsWith($"docker.io answered {status} ", (await upstream.GetAsync()).Fault!.Reason, StringComparison.Ordinal);
            Assert.Equal(i, server.Requests.Count);
        }

        Assert.Null(upstream.Away);
    }

    [Theory]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    [InlineData(0)]
    public async Task A_passing_fault_is_repeated_twice(int status)
    {
        var requests = 0;
        await using var server = await ScriptedServer.StartAsync(context =>
        {
            if (Interlocked.Increment(ref requests) > 2)
            {
                return context.ManifestAsync(_image);
            }

            if (status == 0)
            {
                context.Abort();
            }
            else
            {
                context.Status(status);
            }

            return Task.CompletedTask;
        });
        using var upstream = TestUpstream.At(server);
        (await upstream.GetAsync()).Given();
        Assert.Equal(3, requests);
        Interlocked.Exchange(ref requests, -10);
        (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away);

        // A pooled connection that breaks is replaced by the pool itself.
        Assert.InRange(requests, -7, status == 0 ? -6 : -7);
        Assert.NotNull(upstream.Away);
    }

    [Fact]
    public async Task A_silent_upstream_is_given_up()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.HangAsync());
        using var upstream = TestUpstream.At(server, _time);
        var request = upstream.GetAsync();
        await Eventually.TrueAsync(() => server.Requests.Count == 1);
        _time.Advance(new UpstreamLimits().Whole);
        Assert.Equal("docker.io did not answer in time", (await request).Reason(UpstreamFaultKind.Away));
        Assert.NotNull(upstream.Away);
        (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task An_upstream_without_an_address_or_with_a_certificate_of_another_authority_is_away()
    {
        using var unknown = TestUpstream.Create("http://unknown.example", new TestNetwork());
        Assert.Equal("docker.io could not be reached: its host name has no address", (await unknown.GetAsync()).Reason(UpstreamFaultKind.Away));

        await using var server = await ScriptedServer.StartAsync(context => context.ManifestAsync(_image), isTls: true);
        using var untrusted = TestUpstream.At(server, new TestNetwork(), configure: settings => settings with { Authorities = null }, isTls: true);
        Assert.StartsWith("docker.io could not be reached: ", (await untrusted.GetAsync()).Reason(UpstreamFaultKind.Away), StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Blobs_on_a_dead_host_leave_the_manifests()
    {
        var network = new TestNetwork();
        var port = ClosedPort();
        await using var server = await ScriptedServer.StartAsync(context =>
        {
            if (context.Request.Path.Value!.Contains("blobs", StringComparison.Ordinal))
            {
                context.Status(307, ("Location", $"https://cdn.example:{port}/x"));
                return Task.CompletedTask;
            }

            return context.ManifestAsync(_image);
        });
        using var upstream = TestUpstream.At(server, network, _time);
        for (var i = 0; i < 3; i++)
        {
            var reason = (await upstream.OpenAsync(_image.Digest)).Reason(UpstreamFaultKind.Away);
            Assert.StartsWith("cdn.example, to which docker.io redirects, could not be reached: ", reason, StringComparison.Ordinal);
        }

        Assert.Single(network.Dialled, address => address.Port == port);
        Assert.Null(upstream.Away);
        (await upstream.GetAsync()).Given();
    }

    private static int ClosedPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
