using System.Net;
using System.Net.Sockets;
using System.Text;
using Registry.Core.Access;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Http;

/// <summary>REGISTRY_HTTP2_PORT: HTTP/2 in clear text, for clients that know it beforehand.</summary>
public sealed class ClearTextHttp2Tests
{
    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task Images_are_pushed_and_pulled_on_both_ports(TransportKind transport)
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { Transport = transport, Http2Port = 0 });
        using var client = Connect(registry);
        var small = await client.PushAsync("team/app", TestImage.Create(layers: 2), "small");
        var large = await client.PushAsync("team/app", TestImage.Create(layers: 2, layerSize: 3_000_000), "large");

        foreach (var puller in new[] { client, registry.Client })
        {
            foreach (var image in new[] { small, large })
            {
                Assert.Equal(image.Manifest.Bytes, (await puller.GetAnswerAsync($"/v2/team/app/manifests/{image.Digest}")).Body);
                foreach (var blob in image.Blobs)
                {
                    var path = $"/v2/team/app/blobs/{blob.Digest}";
                    Assert.Equal(blob.Bytes, (await puller.GetAnswerAsync(path)).Body);
                    Assert.Equal(blob.Bytes[5..20], (await puller.GetAnswerAsync(path, ("Range", "bytes=5-19"))).Body);
                }
            }
        }
    }

    [Fact]
    public async Task Users_and_rules_count_there_too()
    {
        using var access = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(
            options => access.Configure(options, AuthenticationKind.Basic) with { Http2Port = 0 });
        using var client = Connect(registry);

        Check.Status(401, await client.RequestAsync("POST", "/v2/team/app/blobs/uploads/"));
        Check.Status(403, await client.RequestAsync("POST", "/v2/team/app/blobs/uploads/", null, AccessFolder.Basic("bob")));
        Check.Status(202, await client.RequestAsync("POST", "/v2/team/app/blobs/uploads/", null, AccessFolder.Basic("alice")));
    }

    [Fact]
    public async Task A_body_of_unknown_length_is_stored_by_one_request()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { Http2Port = 0 });
        using var client = Connect(registry);
        var blob = TestBlob.Random(100_000);
        using var body = new StreamContent(new MemoryStream(blob.Bytes));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v2/team/app/blobs/uploads/?digest={blob.Digest}")
        {
            Content = body,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TransferEncodingChunked = true; // Without a length; HTTP/2 has no such header.

        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal(blob.Bytes, (await client.GetAnswerAsync($"/v2/team/app/blobs/{blob.Digest}")).Body);
    }

    [Fact]
    public async Task A_length_of_zero_is_no_body_even_when_a_frame_follows()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { Http2Port = 0 });
        var address = new Uri(registry.Host.Addresses[1]);
        using var socket = new TcpClient();
        await socket.ConnectAsync(address.Host, address.Port, TestContext.Current.CancellationToken);
        var target = $"/v2/team/app/blobs/uploads/?digest={TestBlob.Random(10).Digest}";
        await socket.GetStream().WriteAsync(
            (byte[])[
                .. Http2Frames.Preface,
                .. Http2Frames.Frame(
                    Http2Frames.Headers, Http2Frames.EndHeaders, 1,
                    [.. Http2Frames.Head(Http2Frames.PostMethod, target, isTls: false), .. Http2Frames.Literal(0, "0", "content-length")]),
                .. Http2Frames.Frame(Http2Frames.Data, Http2Frames.EndStream, 1, []),
            ],
            TestContext.Current.CancellationToken);

        (byte Type, byte[] Payload) frame;
        do
        {
            frame = await Http2Frames.ReadAsync(socket.GetStream(), TestContext.Current.CancellationToken);
        }
        while (frame.Type != Http2Frames.Headers);

        Assert.Contains("202", Encoding.Latin1.GetString(frame.Payload), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_port_speaks_its_own_protocol_only()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { Http2Port = 0 });
        using var client = Connect(registry);
        var second = client.BaseAddress!;
        client.BaseAddress = registry.Client.BaseAddress;
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAnswerAsync("/v2/"));

        // Kestrel tells HTTP/1.1 clients so in HTTP/1.1.
        using var socket = new TcpClient();
        await socket.ConnectAsync(second.Host, second.Port, TestContext.Current.CancellationToken);
        await socket.GetStream().WriteAsync("GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(socket.GetStream(), Encoding.ASCII);
        Assert.StartsWith("HTTP/1.1 400 ", await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    // The second of the addresses.
    private static HttpClient Connect(TestRegistry registry) => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
    {
        BaseAddress = new Uri(registry.Host.Addresses[1]),
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };
}
