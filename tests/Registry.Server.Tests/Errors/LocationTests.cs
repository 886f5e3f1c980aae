namespace Registry.Server.Tests.Errors;

/// <summary>Location headers: a path, or a URL below REGISTRY_EXTERNAL_URL. The host of the request does not affect them.</summary>
public sealed class LocationTests
{
    public static TheoryData<string> Hosts => new(
        "Host: registry", "Host: evil.example.com", "Host: evil.example.com:1234", "Host: [::1]:5000", "Host:",
        "Host: registry\r\nX-Forwarded-Host: evil.example.com\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 99\r\nX-Forwarded-Prefix: /evil",
        "Host: registry\r\nForwarded: host=evil.example.com;proto=https",
        "Host: registry\r\nX-Original-URL: /evil\r\nX-Rewrite-URL: /evil\r\nX-Forwarded-For: 1.2.3.4\r\nX-HTTP-Method-Override: DELETE");

    [Theory]
    [MemberData(nameof(Hosts))]
    public async Task Locations_are_paths_whatever_the_request_says(string headers)
    {
        await using var registry = await TestRegistry.StartAsync();
        await AssertLocationsAsync(registry, headers, "");
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public async Task Locations_lead_to_the_external_URL_whatever_the_request_says(string headers)
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { ExternalUrl = "https://registry.example.com:8443" });
        await AssertLocationsAsync(registry, headers, "https://registry.example.com:8443");
    }

    [Theory]
    [InlineData("")]
    [InlineData("Host: a\r\nHost: a")]
    [InlineData("Host: a\r\nHost: b")]
    [InlineData("Host: a b")]
    [InlineData("Host: a/b")]
    [InlineData("Host: a@b")]
    [InlineData("Host: <script>")]
    public async Task A_request_without_one_valid_Host_is_refused(string headers)
    {
        await using var registry = await TestRegistry.StartAsync();
        var head = headers.Length == 0 ? "GET /v2/ HTTP/1.1" : $"GET /v2/ HTTP/1.1\r\n{headers}";

        Check.Status(400, await RawConnection.ExchangeAsync(registry, head));
    }

    private static async Task AssertLocationsAsync(TestRegistry registry, string headers, string prefix)
    {
        var (blob, image) = (TestBlob.OfText("blob"), TestImage.Index([]));

        var begin = await SendAsync("POST /v2/loc/blobs/uploads/");
        Assert.StartsWith($"{prefix}/v2/loc/blobs/uploads/", Check.Status(202, begin).Location, StringComparison.Ordinal);
        var session = begin.Location[prefix.Length..];
        Assert.Equal(begin.Location, Check.Status(204, await SendAsync($"GET {session}")).Location);
        var next = Check.Status(202, await SendAsync($"PATCH {session}", "blob")).Location;
        Assert.Equal(begin.Location.WithoutPosition(), next.WithoutPosition());
        session = next[prefix.Length..];
        Assert.Equal(next, Check.Status(416, await SendAsync($"PATCH {session}", "x", "\r\nContent-Range: 0-0")).Location);
        Assert.Equal($"{prefix}/v2/loc/blobs/{blob.Digest}", Check.Status(201, await SendAsync($"PUT {session.WithDigest(blob.Digest)}")).Location);
        Assert.Equal($"{prefix}/v2/loc/blobs/{blob.Digest}", Check.Status(201, await SendAsync($"POST /v2/loc/blobs/uploads/?digest={blob.Digest}", "blob")).Location);
        Assert.Equal($"{prefix}/v2/to/blobs/{blob.Digest}", Check.Status(201, await SendAsync($"POST /v2/to/blobs/uploads/?mount={blob.Digest}&from=loc")).Location);
        Assert.Equal(
            $"{prefix}/v2/loc/manifests/{image.Digest}",
            Check.Status(201, await SendAsync("PUT /v2/loc/manifests/a", image.ToString())).Location);
        Check.Status(201, await SendAsync("PUT /v2/loc/manifests/b", image.ToString()));

        // Links are always paths: the client knows the host of the list.
        Assert.Equal("</v2/loc/tags/list?n=1&last=a>; rel=\"next\"", Check.Status(200, await SendAsync("GET /v2/loc/tags/list?n=1"))["Link"]);

        Task<Answer> SendAsync(string request, string body = "", string more = "") =>
            RawConnection.ExchangeAsync(registry, $"{request} HTTP/1.1\r\n{headers}\r\nContent-Length: {body.Length}{more}", body);
    }
}
