using System.Net;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Registry.Server.Tests.Transport.Fixtures;
using Registry.Server.Transport.Output;

namespace Registry.Server.Tests.Transport;

[SupportedOSPlatform("linux")]
public sealed class ZeroCopyResponseBodyTests : IDisposable
{
    private const int FileSize = 9 * 1024 * 1024;

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _content = RandomNumberGenerator.GetBytes(FileSize);
    private readonly string _path;

    public ZeroCopyResponseBodyTests()
    {
        _path = Path.Combine(_folder.Path, "file");
        File.WriteAllBytes(_path, _content);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_standard_SendFileAsync_is_the_zero_copy_one_on_plain_http()
    {
        var feature = string.Empty;
        await using var server = await HandlerOnDirectTransport.StartAsync(async http =>
        {
            feature = http.Features.Get<IHttpResponseBodyFeature>()!.GetType().Name;
            http.Response.ContentLength = FileSize - 5;
            await http.Response.SendFileAsync(_path, 5, null);
        });

        Assert.Equal(_content[5..], await GetAsync(server));
        Assert.Equal(nameof(ZeroCopyResponseBody), feature);
    }

    [Theory]
    [InlineData(HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2)]
    public async Task Goes_the_ordinary_way_through_TLS(HttpProtocols protocols)
    {
        using var certificate = HandlerOnDirectTransport.CreateCertificate();
        await using var server = await HandlerOnDirectTransport.StartAsync(SendAsync, protocols, certificate);

        Assert.Equal(_content, await GetAsync(server, protocols, certificate));
    }

    [Fact]
    public async Task Goes_the_ordinary_way_through_HTTP_2()
    {
        await using var server = await HandlerOnDirectTransport.StartAsync(SendAsync, HttpProtocols.Http2);

        Assert.Equal(_content, await GetAsync(server, HttpProtocols.Http2));
    }

    [Fact]
    public async Task Sends_a_file_in_chunks_when_the_length_was_not_announced()
    {
        await using var server = await HandlerOnDirectTransport.StartAsync(http => http.Response.SendFileAsync(_path));

        Assert.Equal(_content, await GetAsync(server));
    }

    [Fact]
    public async Task Keeps_memory_and_files_in_the_order_in_which_they_were_written()
    {
        byte[] before = [.. "before"u8], between = new byte[100_000], after = [.. "after"u8];
        await using var server = await HandlerOnDirectTransport.StartAsync(async http =>
        {
            http.Response.ContentLength = before.Length + 10 + between.Length + FileSize + after.Length;
            await http.Response.BodyWriter.WriteAsync(before);
            await http.Response.SendFileAsync(_path, 7, 10);
            await http.Response.BodyWriter.WriteAsync(between);
            await http.Response.SendFileAsync(_path);
            await http.Response.BodyWriter.WriteAsync(after);
        });

        Assert.Equal((byte[])[.. before, .. _content[7..17], .. between, .. _content, .. after], await GetAsync(server));
    }

    [Fact]
    public async Task A_file_that_has_become_shorter_breaks_the_connection_instead_of_the_answer()
    {
        await using var server = await HandlerOnDirectTransport.StartAsync(async http =>
        {
            using var file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite);
            http.Response.ContentLength = FileSize;
            RandomAccess.SetLength(file, FileSize / 2);
            await ((ZeroCopyResponseBody)http.Features.Get<IHttpResponseBodyFeature>()!).SendFileAsync(file, 0, FileSize, null, http.RequestAborted);
        });

        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(server));
    }

    [Fact]
    public async Task More_than_the_announced_length_is_refused_and_nothing_stays_in_line()
    {
        var refused = false;
        await using var server = await HandlerOnDirectTransport.StartAsync(async http =>
        {
            http.Response.ContentLength = 10;
            try
            {
                await http.Response.SendFileAsync(_path, 0, 11);
            }
            catch (InvalidOperationException)
            {
                refused = true;
            }

            await http.Response.BodyWriter.WriteAsync("0123456789"u8.ToArray());
        });

        Assert.Equal("0123456789"u8.ToArray(), await GetAsync(server));
        Assert.True(refused);
    }

    [Fact]
    public async Task What_was_open_is_sent_although_it_is_deleted()
    {
        await using var server = await HandlerOnDirectTransport.StartAsync(async http =>
        {
            using var file = File.OpenHandle(_path);
            File.Delete(_path);
            http.Response.ContentLength = FileSize;
            await ((ZeroCopyResponseBody)http.Features.Get<IHttpResponseBodyFeature>()!).SendFileAsync(file, 0, FileSize, null, http.RequestAborted);
        });

        Assert.Equal(_content, await GetAsync(server));
    }

    [Fact]
    public async Task All_memory_comes_back_when_connections_end()
    {
        await using var server = await HandlerOnDirectTransport.StartAsync(SendAsync);
        for (var i = 0; i < 8; i++)
        {
            await GetAsync(server);
        }

        await Eventually.HoldsAsync(
            () => Task.FromResult(server.Transport is { Connections: 0, Pool.Rented: 0 }), "every connection has given everything back");
    }

    private Task SendAsync(HttpContext http)
    {
        Assert.IsNotType<ZeroCopyResponseBody>(http.Request.IsHttps || http.Request.Protocol == "HTTP/2"
            ? http.Features.Get<IHttpResponseBodyFeature>()
            : null);
        http.Response.ContentLength = FileSize;
        return http.Response.SendFileAsync(_path);
    }

    private static async Task<byte[]> GetAsync(
        HandlerOnDirectTransport server, HttpProtocols protocols = HttpProtocols.Http1, X509Certificate2? trusted = null)
    {
        using var handler = new SocketsHttpHandler();
        if (trusted is not null)
        {
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { trusted },
                RevocationMode = X509RevocationMode.NoCheck,
            };
        }

        using var client = new HttpClient(handler)
        {
            DefaultRequestVersion = protocols == HttpProtocols.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        return await client.GetByteArrayAsync(server.Address);
    }
}
