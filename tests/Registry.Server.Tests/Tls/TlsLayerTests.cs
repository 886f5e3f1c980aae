using System.Diagnostics.Metrics;
using System.Security.Authentication;
using System.Text;
using Microsoft.Extensions.Logging;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Transport.Fixtures;

namespace Registry.Server.Tests.Tls;

/// <summary>TLS records as they cross the network: their sizes, their end, and what happens to broken ones.</summary>
public sealed class TlsLayerTests : IDisposable
{
    private const byte Alert = 21;
    private const byte Handshake = 22;
    private const byte ApplicationData = 23;
    private const int FullRecord = 16 * 1024;

    private static readonly TestBlob Large = Samples.Make("records", 1_000_003);

    private readonly TlsFolder _tls = new();

    public static TheoryData<TransportKind> Transports => [.. Enum.GetValues<TransportKind>()];

    public void Dispose() => _tls.Dispose();

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task A_blob_leaves_in_full_records(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        await registry.Client.PushBlobAsync("t", Large);
        using var records = await Records.OpenAsync(registry);
        var from = records.Received.Length;

        Assert.Equal(Large.Bytes, await GetAsync(records, Samples.Path(Large)));

        var sent = records.Parse(from);
        Assert.All(sent, record => Assert.Equal(ApplicationData, record.Type));
        Assert.InRange(sent.Count(record => record.Length < FullRecord), 0, 10);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task No_byte_of_a_file_crosses_the_network_in_clear_text(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        var blob = new TestBlob(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("in clear text ", 50_000))));
        await registry.Client.PushBlobAsync("t", blob);
        using var records = await Records.OpenAsync(registry);

        Assert.Equal(blob.Bytes, await GetAsync(records, Samples.Path(blob)));

        Assert.Equal(-1, records.Received.AsSpan().IndexOf("in clear text"u8));
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task An_orderly_end_has_the_alert_close_notify(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);

        // With TLS 1.3, the type of a record is encrypted.
        using var records = await Records.OpenAsync(registry, SslProtocols.Tls12);
        await records.Tls.WriteAsync("GET /v2/ HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n"u8.ToArray());

        Assert.StartsWith("HTTP/1.1 200 ", await ReadToEndAsync(records), StringComparison.Ordinal);

        Assert.Equal(Alert, records.Parse()[^1].Type);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task A_request_is_answered_while_the_next_record_is_still_arriving(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        await registry.Client.PushBlobAsync("t", Large);
        using var records = await Records.OpenAsync(registry);
        records.Hold();
        await records.Tls.WriteAsync("GET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n"u8.ToArray());
        var first = records.Held;
        await records.Tls.WriteAsync(Encoding.ASCII.GetBytes(Turns.Get(Large)));

        await records.ReleaseAsync(first + 10);
        var answer = await ReadAnswerAsync(records);
        await records.ReleaseAsync();

        Assert.Equal("{}"u8.ToArray(), answer);
        Assert.Equal(Large.Bytes, await ReadAnswerAsync(records));
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task A_broken_record_ends_its_connection_and_leaves_no_line_in_the_log(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        using var records = await Records.OpenAsync(registry);
        Assert.Equal("{}"u8.ToArray(), await GetAsync(records, "/v2/"));

        await records.SendRawAsync([ApplicationData, 3, 3, 0, 40, .. new byte[40]]);

        await AssertEndsAsync(records);
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/"));
        Assert.DoesNotContain(registry.Log.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task A_record_that_is_too_long_ends_its_connection_before_it_has_arrived(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        foreach (var (version, longest) in new[] { (SslProtocols.Tls12, FullRecord + 2048), (SslProtocols.Tls13, FullRecord + 256) })
        {
            using var records = await Records.OpenAsync(registry, version);
            Assert.Equal("{}"u8.ToArray(), await GetAsync(records, "/v2/"));

            await records.SendRawAsync(Header(ApplicationData, longest + 1));

            await AssertEndsAsync(records);
        }

        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/"));
        Assert.DoesNotContain(registry.Log.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task A_handshake_that_begins_with_a_record_that_is_too_long_gets_the_alert_record_overflow(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        using var connection = await RawConnection.OpenPlainAsync(registry);

        await connection.SendAsync(Header(Handshake, ushort.MaxValue));

        Assert.Equal([Alert, 3, 3, 0, 2, 2, 22], await connection.ReadToEndAsync());
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Idle_connections_hold_no_large_buffer(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        await registry.Client.PushBlobAsync("t", Large);
        var clients = new List<Records>();
        for (var i = 0; i < 10; i++)
        {
            var records = await Records.OpenAsync(registry);
            clients.Add(records);
            Assert.Equal(Large.Bytes, await GetAsync(records, Samples.Path(Large)));
        }

        // A wake-up of the system without data may leave a connection waiting with a block of 4 KiB.
        await Eventually.HoldsAsync(() => Task.FromResult(registry.Host.Buffers.LargeBytes == 0), "every large buffer is back in the pool");
        foreach (var records in clients)
        {
            Assert.Equal("{}"u8.ToArray(), await GetAsync(records, "/v2/"));
            records.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Handshakes_are_counted_with_their_version_or_their_failure(TransportKind transport)
    {
        var labels = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "kestrel.tls_handshake.duration")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        await using var registry = await StartAsync(transport);
        var port = new Uri(registry.Host.Addresses[0]).Port;
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            if (tags.ToArray().Contains(new("server.port", port)))
            {
                lock (labels)
                {
                    labels.AddRange(tags.ToArray().Where(tag => tag.Key is "tls.protocol.version" or "error.type").Select(tag => $"{tag.Value}"));
                }
            }
        });
        listener.Start();

        (await Records.OpenAsync(registry, SslProtocols.Tls12)).Dispose();
        (await Records.OpenAsync(registry)).Dispose();
        using (var broken = await RawConnection.OpenPlainAsync(registry))
        {
            await broken.SendAsync(new byte[] { 22, 3, 1, 0, 4, 9, 9, 9, 9 });
            await broken.ReadToEndAsync();
        }

        await Eventually.HoldsAsync(
            () =>
            {
                lock (labels)
                {
                    return Task.FromResult(labels.Count == 3);
                }
            },
            "three handshakes are counted");

        // A client may have ended its handshake before the server has counted it.
        Assert.Equal(["1.2", "1.3", "System.Security.Authentication.AuthenticationException"], labels.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_host_exports_its_own_handshakes()
    {
        await using var registry = await StartAsync(TransportKind.Kestrel, metricsPort: 0);
        await using var other = await StartAsync(TransportKind.Kestrel, metricsPort: 0);

        (await Records.OpenAsync(registry)).Dispose();
        (await Records.OpenAsync(other)).Dispose();
        (await Records.OpenAsync(other)).Dispose();

        using var client = new HttpClient();
        foreach (var (host, count) in new[] { (registry, 1), (other, 2) })
        {
            await Eventually.HoldsAsync(
                async () => (await client.GetStringAsync(host.Host.MetricsAddress)).Split('\n')
                    .Where(line => line.StartsWith("kestrel_tls_handshake_duration_seconds_count{", StringComparison.Ordinal)).ToList() is [var line]
                    && line.EndsWith($" {count}", StringComparison.Ordinal),
                "the handshakes are counted");
        }
    }

    private static byte[] Header(byte type, int length) => [type, 3, 3, (byte)(length >> 8), (byte)length];

    private static async Task<byte[]> GetAsync(Records records, string path)
    {
        await records.Tls.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: r\r\n\r\n"));
        return await ReadAnswerAsync(records);
    }

    // Reads the head byte by byte, so that nothing of a further answer is lost.
    private static async Task<byte[]> ReadAnswerAsync(Records records)
    {
        using var deadline = new CancellationTokenSource(Patience.Limit);
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await records.Tls.ReadExactlyAsync(one, deadline.Token);
            head.Append((char)one[0]);
        }

        Assert.StartsWith("HTTP/1.1 200 ", head.ToString(), StringComparison.Ordinal);
        var body = new byte[int.Parse(new WireAnswer(head.ToString(), [])["Content-Length"]!, System.Globalization.CultureInfo.InvariantCulture)];
        await records.Tls.ReadExactlyAsync(body, deadline.Token);
        return body;
    }

    private static async Task<string> ReadToEndAsync(Records records)
    {
        using var deadline = new CancellationTokenSource(Patience.Limit);
        using var reader = new StreamReader(records.Tls, leaveOpen: true);
        return await reader.ReadToEndAsync(deadline.Token);
    }

    private static async Task AssertEndsAsync(Records records)
    {
        try
        {
            Assert.Equal(string.Empty, await ReadToEndAsync(records));
        }
        catch (IOException)
        {
            // A reset, or an alert, is an end, too.
        }
    }

    private Task<TestRegistry> StartAsync(TransportKind transport, int? metricsPort = null) =>
        TestRegistry.StartAsync(options => _tls.Configure(options with { Transport = transport, MetricsPort = metricsPort }));
}
