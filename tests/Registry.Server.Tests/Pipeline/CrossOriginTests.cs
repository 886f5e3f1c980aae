using Registry.Core.Access;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Pipeline;

/// <summary>REGISTRY_CORS_ORIGINS, as browsers understand the answers (the Fetch standard, "CORS protocol").</summary>
public sealed class CrossOriginTests
{
    private const string Page = "https://ui.example.com";

    [Theory]
    [InlineData("https://ui.example.com", Page)]
    [InlineData("https://UI.example.com:443", Page)]
    [InlineData("http://localhost:8080 , https://ui.example.com", Page)]
    [InlineData("https://ui.example.com,http://localhost:8080", "http://localhost:8080")]
    [InlineData("http://[::1]:8080", "http://[::1]:8080")]
    [InlineData("https://b\u00fccher.example", "https://xn--bcher-kva.example")]
    public async Task A_page_of_a_named_origin_may_ask_with_credentials(string setting, string origin)
    {
        await using var registry = await StartAsync(setting);
        var image = await registry.Client.PushAsync("ui", TestImage.Create(), "latest");

        foreach (var path in (string[])["/v2/", "/v2/_catalog", "/v2/ui/tags/list", "/v2/ui/manifests/latest", $"/v2/ui/blobs/{image.Blobs[0].Digest}", "/v2/ui/manifests/missing", "/nowhere"])
        {
            var answer = await registry.Client.GetAnswerAsync(path, ("Origin", origin));

            Assert.Equal(origin, answer["Access-Control-Allow-Origin"]);
            Assert.Equal("true", answer["Access-Control-Allow-Credentials"]);
            Assert.Equal("Origin", answer["Vary"]);
            var exposed = answer["Access-Control-Expose-Headers"]!.Split(", ");
            Assert.All((string[])["Docker-Content-Digest", "Link", "Location", "Range", "WWW-Authenticate", "OCI-Subject", "Content-Length"], header => Assert.Contains(header, exposed));
        }
    }

    [Fact]
    public async Task The_browsers_question_is_answered_without_authentication_and_the_request_is_not()
    {
        using var access = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options =>
            access.Configure(options, AuthenticationKind.Basic) with { CorsOrigins = OriginList.Parse(Page)! });

        foreach (var path in (string[])["/v2/", "/v2/team/app/manifests/latest", "/v2/_catalog", "/nowhere"])
        {
            var answer = Check.Status(204, await PreflightAsync(registry, path, Page));
            Assert.Equal(Page, answer["Access-Control-Allow-Origin"]);
            Assert.Equal("true", answer["Access-Control-Allow-Credentials"]);
            Assert.All((string[])["GET", "HEAD", "PUT", "DELETE"], method => Assert.Contains(method, answer["Access-Control-Allow-Methods"]!.Split(", ")));
            Assert.All((string[])["Authorization", "Accept", "Content-Type", "Cache-Control"], header => Assert.Contains(header, answer["Access-Control-Allow-Headers"]!.Split(", ")));
        }

        var refused = Check.Status(401, await registry.Client.GetAnswerAsync("/v2/", ("Origin", Page)));
        Assert.NotNull(refused["WWW-Authenticate"]);
        Assert.Equal(Page, refused["Access-Control-Allow-Origin"]);
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/", ("Origin", Page), AccessFolder.Basic("alice")));
    }

    [Theory]
    [InlineData("https://evil.example.com")]
    [InlineData("http://ui.example.com")]
    [InlineData("https://ui.example.com:8443")]
    [InlineData("https://ui.example.com.evil.example")]
    [InlineData("null")]
    public async Task Another_origin_is_told_nothing(string origin)
    {
        await using var registry = await StartAsync(Page);

        var answer = Check.Status(200, await registry.Client.GetAnswerAsync("/v2/", ("Origin", origin)));
        Assert.DoesNotContain(answer.Headers, header => header.Name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
        Assert.Equal("Origin", answer["Vary"]);
        Assert.Equal("Origin", Check.Status(200, await registry.Client.GetAnswerAsync("/v2/"))["Vary"]);
        Assert.DoesNotContain(
            Check.Status(405, await PreflightAsync(registry, "/v2/", origin)).Headers, header => header.Name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Any_origin_may_ask_without_credentials_that_the_browser_holds()
    {
        await using var registry = await StartAsync("*");

        var answer = Check.Status(200, await registry.Client.GetAnswerAsync("/v2/", ("Origin", Page)));
        Assert.Equal("*", answer["Access-Control-Allow-Origin"]);
        Assert.Null(answer["Access-Control-Allow-Credentials"]);
        Assert.Null(answer["Vary"]);
        Assert.Equal("*", Check.Status(204, await PreflightAsync(registry, "/v2/", Page))["Access-Control-Allow-Origin"]);
    }

    [Fact]
    public async Task Without_the_setting_no_answer_speaks_of_it()
    {
        await using var registry = await TestRegistry.StartAsync();

        var answer = Check.Status(200, await registry.Client.GetAnswerAsync("/v2/", ("Origin", Page)));
        Assert.DoesNotContain(answer.Headers, header => header.Name is "Vary" || header.Name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
        Check.Status(405, await PreflightAsync(registry, "/v2/", Page));
    }

    private static Task<TestRegistry> StartAsync(string origins) => TestRegistry.StartAsync(options => options with { CorsOrigins = OriginList.Parse(origins)! });

    private static Task<Answer> PreflightAsync(TestRegistry registry, string path, string origin) => registry.Client.RequestAsync(
        "OPTIONS", path, null, ("Origin", origin), ("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Headers", "authorization"));
}
