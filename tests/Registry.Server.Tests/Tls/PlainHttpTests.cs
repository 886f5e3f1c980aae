using System.Text;
using Microsoft.Extensions.Logging;
using Registry.Server.Configuration.Values;

namespace Registry.Server.Tests.Tls;

/// <summary>HTTP in clear text on a TLS port: an error that tells so, and handshakes as before.</summary>
public sealed class PlainHttpTests : IDisposable
{
    private readonly TlsFolder _tls = new();

    public static TheoryData<TransportKind> Transports => [.. Enum.GetValues<TransportKind>()];

    public void Dispose() => _tls.Dispose();

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Is_answered_400_with_a_sentence(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        foreach (var request in (string[])[
            "GET /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n", "G", "PUT /v2/x HTTP/1.1\r\nHost: registry\r\nContent-Length: 300000\r\n\r\n" + new string('x', 300_000),
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
        {
            using var connection = await RawConnection.OpenPlainAsync(registry);
            await connection.SendAsync(request);

            var answer = await connection.ReadAnswerAsync();

            Check.Error(400, "UNSUPPORTED", "malformed request", answer);
            Assert.Equal("this port speaks HTTPS, and the request is HTTP in clear text; use https:// in the address", Assert.Single(Check.Details(answer)));
            Assert.Equal("close", answer["Connection"]);
            connection.EndSending();
            Assert.True(await connection.IsClosedAsync());
        }

        using var head = await RawConnection.OpenPlainAsync(registry);
        await head.SendAsync("HEAD /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n");
        Check.Status(400, await head.ReadAnswerAsync(isHead: true));
        head.EndSending();
        Assert.True(await head.IsClosedAsync());
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/"));
        Assert.DoesNotContain(registry.Log.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task A_client_that_says_nothing_is_let_go_of(TransportKind transport)
    {
        await using var registry = await StartAsync(transport, TimeSpan.FromMilliseconds(200));
        using var silent = await RawConnection.OpenPlainAsync(registry);

        Assert.True(await silent.IsClosedAsync());
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/"));
        Assert.DoesNotContain(registry.Log.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task What_is_neither_ends_without_an_answer(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        using var connection = await RawConnection.OpenPlainAsync(registry);

        await connection.SendAsync(new byte[] { 0, 1, 2, 3, 4, 5 });

        Assert.DoesNotContain("HTTP", Encoding.Latin1.GetString(await connection.ReadToEndAsync()), StringComparison.Ordinal);
    }

    private Task<TestRegistry> StartAsync(TransportKind transport, TimeSpan? patience = null) => TestRegistry.StartAsync(options => _tls.Configure(
        options with { Transport = transport, Limits = patience is { } headers ? options.Limits with { Headers = headers } : options.Limits }));
}
