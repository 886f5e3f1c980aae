using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Registry.Events.Configuration;
using Registry.Events.Delivery;
using Registry.Outgoing;

namespace Registry.Events.Tests;

/// <summary>Attempts at endpoints that answer oddly, or not at all.</summary>
public sealed class EndpointClientTests
{
    private static readonly EndpointLimits Short = new() { Connect = TimeSpan.FromMilliseconds(500), Attempt = TimeSpan.FromSeconds(1) };

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    public static TheoryData<int, string?, string, int?> Answers => new()
    {
        { 400, null, "answered 400 Bad Request", null },
        { 410, null, "answered 410 Gone", null },
        { 410, "120", "answered 410 Gone", null },
        { 429, null, "answered 429 Too Many Requests", null },
        { 429, "120", "answered 429 Too Many Requests", 120 },
        { 503, "120", "answered 503 Service Unavailable", 120 },

        // An hour at most, however it is said; and nothing that is no time.
        { 429, "999999999", "answered 429 Too Many Requests", 3600 },
        { 429, "99999999999999999999", "answered 429 Too Many Requests", null },
        { 503, "Fri, 31 Dec 9999 23:59:59 GMT", "answered 503 Service Unavailable", 3600 },
        { 503, "Thu, 01 Jan 1970 00:00:00 GMT", "answered 503 Service Unavailable", null },
        { 503, "-5", "answered 503 Service Unavailable", null },
        { 503, "soon", "answered 503 Service Unavailable", null },
        { 301, null, "answered 301 Moved Permanently, and redirects are not followed", null },
    };

    public static TheoryData<string> Refused =>
    [
        "127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "0.0.0.0", "::", "10.1.2.3", "192.168.0.1", "100.64.0.1", "169.254.169.254", "fd00:ec2::254", "fe80::1",
        "168.63.129.16", "224.0.0.1", "255.255.255.255",
    ];

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task An_answer_other_than_2xx_is_a_failure_with_the_pause_that_it_asks_for(int status, string? retryAfter, string fault, int? seconds)
    {
        await using var receiver = await EventReceiver.StartAsync();
        receiver.Instead = context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "http://127.0.0.1:1/";
            context.Response.Headers.RetryAfter = retryAfter;
            return Task.FromResult(true);
        };
        var result = await SendAsync(new EndpointLimits(), receiver.Url);

        Assert.Equal((status, fault, seconds is { } pause ? TimeSpan.FromSeconds(pause) : null), (result.Status!.Value, result.Fault, result.Pause));
        Assert.Equal(1, receiver.Requests);
    }

    [Fact]
    public async Task A_point_of_time_is_a_pause_until_then()
    {
        await using var receiver = await EventReceiver.StartAsync();
        receiver.Instead = context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = DateTimeOffset.UtcNow.AddMinutes(30).ToString("R", CultureInfo.InvariantCulture);
            return Task.FromResult(true);
        };

        Assert.InRange((await SendAsync(new EndpointLimits(), receiver.Url)).Pause!.Value, TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(30));
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_DNS_says_is_dialled_only_in_the_internet(string address)
    {
        var dialled = new List<IPEndPoint>();
        var network = new OutgoingNetwork((_, _) => Task.FromResult(new[] { IPAddress.Parse(address) }), Dial(dialled));

        var result = await SendAsync(Short, new Uri("http://hooks.example.com/"), network: network);

        Assert.Contains("is not dialled unless addresses of its configuration has it", result.Fault, StringComparison.Ordinal);
        Assert.Empty(dialled);
    }

    [Fact]
    public async Task Of_several_addresses_only_those_of_the_internet_are_dialled()
    {
        var dialled = new List<IPEndPoint>();
        var network = new OutgoingNetwork((_, _) => Task.FromResult(new[] { IPAddress.Loopback, IPAddress.Parse("203.0.114.1"), IPAddress.Parse("169.254.169.254") }), Dial(dialled));

        Assert.NotNull((await SendAsync(Short, new Uri("http://hooks.example.com/"), network: network)).Fault);
        Assert.Equal(["203.0.114.1:80"], dialled.Select(one => one.ToString()));
    }

    [Fact]
    public async Task A_certificate_is_verified_by_name_time_and_authority()
    {
        using var authority = new TestAuthority();
        using var other = new TestAuthority("Other Root");
        await using var receiver = await EventReceiver.StartAsync(certificate: Issue(authority));
        await using var expired = await EventReceiver.StartAsync(certificate: Issue(authority, notAfter: DateTimeOffset.UtcNow.AddHours(-1)));
        await using var plain = await EventReceiver.StartAsync();
        var port = receiver.Url.Port;
        var network = new OutgoingNetwork((_, _) => Task.FromResult(new[] { IPAddress.Loopback }), OutgoingNetwork.OfMachine.Connect);

        Assert.Null((await SendAsync(new EndpointLimits(), receiver.Url, authority)).Fault);
        Assert.Null((await SendAsync(new EndpointLimits(), new Uri($"https://localhost:{port}/"), authority)).Fault);
        await AssertRefusedAsync(receiver.Url, null);
        await AssertRefusedAsync(receiver.Url, other);
        await AssertRefusedAsync(expired.Url, authority);
        await AssertRefusedAsync(new Uri($"https://hooks.example.com:{port}/"), authority);
        await AssertRefusedAsync(new Uri($"https://127.0.0.1:{plain.Url.Port}/"), authority);
        Assert.Equal((2, 0, 0), (receiver.Requests, expired.Requests, plain.Requests));

        async Task AssertRefusedAsync(Uri url, TestAuthority? trusted) =>
            Assert.StartsWith("could not be reached: ", (await SendAsync(new EndpointLimits(), url, trusted, network)).Fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "did not answer in time")]
    [InlineData("HTTP/1.1 103 Early Hints\r\n\r\n", "sent no valid answer")]
    [InlineData("HTTP/1.1 200 OK\r\nX-A: b\r\n", "sent no valid answer")]
    [InlineData("no answer", "sent no valid answer")]
    [InlineData("0123456789abcdef", "sent no valid answer")]
    public async Task An_answer_without_end_ends_with_the_attempt_or_earlier(string repeated, string fault)
    {
        // The first line once, and what is after it again and again.
        var piece = Encoding.ASCII.GetBytes(repeated);
        var rest = repeated.IndexOf("X-A", StringComparison.Ordinal) is > 0 and var at ? piece[at..] : piece;
        long sent = 0;
        await using var listener = new LoopbackListener(async (connection, token) =>
        {
            await LoopbackListener.SendAsync(connection, piece, token);
            while (rest.Length > 0)
            {
                await LoopbackListener.SendAsync(connection, rest, token);
                Interlocked.Add(ref sent, rest.Length);
            }

            await Task.Delay(Timeout.Infinite, token);
        });

        var result = await SendAsync(Short, new Uri($"http://{listener.EndPoint}/"));

        Assert.Equal(fault, result.Fault);
        Assert.InRange(result.Milliseconds, 0, 15_000);

        // What the kernel holds on both sides, and 64 KiB.
        Assert.InRange(Interlocked.Read(ref sent), 0, 32L * 1024 * 1024);
    }

    [Fact]
    public async Task A_handshake_without_end_ends_with_the_time_for_a_connection()
    {
        await using var listener = new LoopbackListener((_, token) => Task.Delay(Timeout.Infinite, token));

        var result = await SendAsync(Short with { Attempt = TimeSpan.FromMinutes(1) }, new Uri($"https://{listener.EndPoint}/"));

        Assert.Equal("could not be reached in time", result.Fault);
    }

    // An address of the internet is not there for a test.
    private static Func<IPEndPoint, CancellationToken, ValueTask<Stream>> Dial(List<IPEndPoint> dialled) => (address, _) =>
    {
        dialled.Add(address);
        throw new SocketException((int)SocketError.ConnectionRefused);
    };

    private static X509Certificate2 Issue(TestAuthority authority, DateTimeOffset? notAfter = null)
    {
        var (certificate, key) = authority.Issue(notBefore: DateTimeOffset.UtcNow.AddDays(-2), notAfter: notAfter);
        using var pem = X509Certificate2.CreateFromPem(certificate, key);
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pfx), null);
    }

    private static async Task<AttemptResult> SendAsync(EndpointLimits limits, Uri url, TestAuthority? authority = null, OutgoingNetwork? network = null)
    {
        var settings = new EndpointSettings
        {
            Name = "pipeline",
            Url = url,
            Secret = WebhookSecret.TryParse(EventReceiver.Secret),
            Addresses = url.IsLoopback || url.Port != 80 ? [IPNetwork.Parse("127.0.0.0/8")] : [],
            Authorities = authority is null ? null : [authority.Certificate],
        };
        using var client = new EndpointClient(settings, "1.0.0", limits, TimeProvider.System, null, network ?? OutgoingNetwork.OfMachine);
        return await client.SendAsync("5f0c2a91be34-1207", "application/cloudevents+json", "{}"u8.ToArray(), TestContext.Current.CancellationToken);
    }
}
