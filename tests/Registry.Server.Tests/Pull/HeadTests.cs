using Registry.Core.Access;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Transport.Fixtures;

namespace Registry.Server.Tests.Pull;

/// <summary>HEAD is GET without the body (RFC 9110, section 9.3.2), wherever there is a GET.</summary>
public sealed class HeadTests(EitherTransport fixture) : IClassFixture<EitherTransport>
{
    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task Has_the_headers_of_GET_and_no_body(TransportKind transport)
    {
        var registry = fixture[transport];
        var image = await registry.Client.PushAsync("head", TestImage.Create(), "latest");
        await registry.Client.PushAsync("head", TestImage.Create(), "second");
        var upload = await registry.Client.BeginUploadAsync("head");
        foreach (var path in (string[])[
            "/v2/", "/v2", "/v2/_catalog", "/v2/_catalog?n=0", "/v2/head/tags/list", "/v2/head/tags/list?n=1", $"/v2/head/referrers/{image.Digest}",
            "/v2/head/manifests/latest", $"/v2/head/manifests/{image.Digest}", $"/v2/head/blobs/{image.Blobs[0].Digest}", upload, "/livez", "/readyz", "/startupz"])
        {
            await AssertAlikeAsync(registry, path);
        }
    }

    [Fact]
    public async Task Works_for_tokens()
    {
        using var access = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => access.Configure(options, AuthenticationKind.BuiltInToken));

        await AssertAlikeAsync(registry, "/token?scope=repository:team/app:pull", $"Authorization: {AccessFolder.Basic("alice").Item2}\r\n");
    }

    [Fact]
    public async Task Works_for_metrics()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { MetricsPort = 0 });
        using var connection = await RawConnection.OpenAsync(new Uri(registry.Host.MetricsAddress!));

        await connection.SendAsync("HEAD /metrics HTTP/1.1\r\nHost: registry\r\n\r\n");

        var head = Check.Status(200, await connection.ReadAnswerAsync(isHead: true));
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", head["Content-Type"]);
        Assert.True(head.Length > 0, head.ToString());
        await connection.SendAsync("POST /metrics HTTP/1.1\r\nHost: registry\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal("GET, HEAD", Check.Status(405, await connection.ReadAnswerAsync())["Allow"]);
    }

    private static async Task AssertAlikeAsync(TestRegistry registry, string path, string headers = "")
    {
        using var connection = await RawConnection.OpenAsync(registry);
        await connection.SendAsync($"HEAD {path} HTTP/1.1\r\nHost: registry\r\n{headers}\r\n");
        var head = await connection.ReadAnswerAsync(isHead: true);

        // What comes next is the answer to the next request, so there was no body.
        await connection.SendAsync($"GET {path} HTTP/1.1\r\nHost: registry\r\n{headers}\r\n");
        var get = await connection.ReadAnswerAsync();

        Assert.InRange(head.Status, 200, 204);
        Assert.Equal(get.Status, head.Status);
        Assert.Equal(get.Headers.Where(IsComparable), head.Headers.Where(IsComparable));

        static bool IsComparable((string Name, string Value) header) => header.Name is not ("Date" or "X-Request-Id" or "X-Request-ID");
    }
}
