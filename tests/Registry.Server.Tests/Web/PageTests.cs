using System.Text;
using System.Text.Json.Nodes;

namespace Registry.Server.Tests.Web;

/// <summary>Pages of a registry without users: what they show, and their headers.</summary>
public sealed class PageTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'";

    private readonly Visitor _visitor = new(fixture.Client);

    [Fact]
    public async Task A_program_is_told_what_this_is()
    {
        var answer = Check.Status(200, await fixture.Client.GetAnswerAsync("/"));

        Assert.Equal("""{"kind":"OCI container registry","distribution":"/v2/","api":"/api/v1/","pages":true}""", answer.Text);
        Assert.Equal("Accept", answer["Vary"]);
    }

    [Fact]
    public async Task A_page_has_the_headers_that_keep_other_sites_and_caches_out()
    {
        var name = await PushAsync();

        foreach (var path in new[] { "/", $"/repositories/{name}", $"/repositories/{name}/-/tags/v1", "/trash", "/space", "/nowhere" })
        {
            var answer = await _visitor.OpenAsync(path);
            Assert.Equal(path == "/nowhere" ? 404 : 200, answer.Status);
            Assert.Equal("text/html; charset=utf-8", answer["Content-Type"]);
            Assert.Equal(Policy, answer["Content-Security-Policy"]);
            Assert.Equal("nosniff", answer["X-Content-Type-Options"]);
            Assert.Equal("same-origin", answer["Referrer-Policy"]);
            Assert.Equal("private, no-store", answer["Cache-Control"]);
            Assert.Null(answer["WWW-Authenticate"]);
        }
    }

    [Fact]
    public async Task HEAD_has_no_body() => Assert.Empty(Check.Status(200, await fixture.Client.HeadAnswerAsync("/space", ("Accept", "text/html"))).Body);

    [Theory]
    [InlineData("br", "br")]
    [InlineData("gzip, deflate, br", "br")]
    [InlineData("gzip", "gzip")]
    [InlineData("br;q=0, gzip", "gzip")]
    [InlineData("identity", null)]
    public async Task Files_of_the_pages_are_compressed_and_kept_for_ever(string accepted, string? encoding)
    {
        var page = (await _visitor.OpenAsync("/")).Text;
        var path = page[page.IndexOf("/-/assets/site.", StringComparison.Ordinal)..].Split('"')[0];

        var answer = Check.Status(200, await fixture.Client.GetAnswerAsync(path, ("Accept-Encoding", accepted)));

        Assert.Equal(encoding, answer["Content-Encoding"]);
        Assert.Equal("public, max-age=31536000, immutable", answer["Cache-Control"]);
        Assert.Equal("Accept-Encoding", answer["Vary"]);
        Assert.Equal("text/css; charset=utf-8", answer["Content-Type"]);
        Check.Status(404, await fixture.Client.GetAnswerAsync(path.Replace("site.", "site.0", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Errors_of_programs_stay_as_they_are()
    {
        Check.Error(404, "UNSUPPORTED", "no such endpoint", await _visitor.OpenAsync("/v2/x"));
        Check.Problem(404, "UNSUPPORTED", "no such endpoint", await _visitor.OpenAsync("/api/v1/x"));
        Check.Error(404, "UNSUPPORTED", "no such endpoint", await fixture.Client.GetAnswerAsync("/nowhere"));
    }

    [Fact]
    public async Task The_lists_have_what_was_pushed()
    {
        var name = await PushAsync();

        Assert.Contains($"""<a href="/repositories/{name}">{name}</a>""", (await _visitor.OpenAsync($"/?q={name[..12]}")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain($"{name}</a>", (await _visitor.OpenAsync("/?q=zzz")).Text, StringComparison.Ordinal);
        Assert.Contains($"""<a href="/repositories/{name}/-/tags/v1">v1</a>""", (await _visitor.OpenAsync($"/repositories/{name}")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tags_come_in_pages()
    {
        var name = $"paged/{Guid.NewGuid():N}";
        var image = await fixture.Client.PushAsync(name, TestImage.Create(), [.. Enumerable.Range(0, 60).Select(i => $"t{i:00}")]);

        var first = (await _visitor.OpenAsync($"/repositories/{name}?sort=name")).Text;
        Assert.Contains($"""<a class="button" href="/repositories/{name}?sort=name&amp;after=t49" rel="next">""", first, StringComparison.Ordinal);
        Assert.DoesNotContain("/-/tags/t50\"", first, StringComparison.Ordinal);
        var second = (await _visitor.OpenAsync($"/repositories/{name}?sort=name&after=t49")).Text;
        Assert.Contains("/-/tags/t59\"", second, StringComparison.Ordinal);
        Assert.Contains(image.Digest, second, StringComparison.Ordinal);
        Assert.DoesNotContain("rel=\"next\"", second, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/repositories/nowhere", 404)]
    [InlineData("/repositories/nowhere/-/tags/v1", 404)]
    [InlineData("/repositories/nowhere/-/tags/%20", 404)]
    [InlineData("/repositories/nowhere/-/manifests/sha256:0", 400)]
    [InlineData("/repositories/nowhere/-/history/v1", 404)]
    [InlineData("/repositories/nowhere/-/space", 404)]
    [InlineData("/repositories/nowhere/-/trash?before=x", 400)]
    [InlineData("/repositories/nowhere/-/rollback/v1", 400)]
    [InlineData("/repositories/nowhere/-/restore/x", 400)]
    [InlineData("/repositories/UPPER", 400)]
    [InlineData("/repositories/a/-/b", 400)]
    [InlineData("/trash?before=-1", 400)]
    [InlineData("/?after=a&after=b", 400)]
    [InlineData("/login", 404)]
    public async Task What_is_not_there_has_a_page_that_says_so(string path, int status)
    {
        var answer = Check.Status(status, await _visitor.OpenAsync(path));

        Assert.Contains("role=\"alert\"", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_only_change_something_by_a_form()
    {
        var answer = Check.Status(405, await _visitor.PostAsync("/repositories/a"));

        Assert.Equal("GET, HEAD", answer["Allow"]);
    }

    [Fact]
    public async Task Hostile_content_is_text_and_bounded()
    {
        const string script = "<script>alert(1)</script>";
        var name = $"hostile/{Guid.NewGuid():N}";
        var labels = new JsonObject { [script] = "\u202Egnp.exe", ["long"] = new string('A', 200_000), ["quote"] = "\"><img src=x onerror=alert(1)>" };
        var config = TestBlob.OfText(new JsonObject
        {
            ["os"] = script,
            ["architecture"] = 7,
            ["created"] = "\u0007",
            ["config"] = new JsonObject { ["Labels"] = labels, ["Env"] = new JsonArray(script, null, 5), ["Entrypoint"] = script, ["ExposedPorts"] = new JsonArray(), ["User"] = new JsonObject() },
            ["history"] = new JsonArray(new JsonObject { ["created_by"] = script }, "x"),
        }.ToJsonString());
        await fixture.Client.PushBlobAsync(name, config);
        var image = TestImage.Create(json =>
        {
            json["config"] = TestImage.Descriptor(config, TestImage.ConfigType);
            json["annotations"] = new JsonObject { [script] = script };
        });
        foreach (var blob in image.Blobs)
        {
            await fixture.Client.PushBlobAsync(name, blob);
        }

        Check.Status(201, await fixture.Client.PutManifestAsync(name, "v1", image));

        var page = Check.Status(200, await _visitor.OpenAsync($"/repositories/{name}/-/tags/v1"));

        Assert.DoesNotContain("<script>alert", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<img src=x", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202E', page.Text);
        Assert.Contains("⟨U+202E⟩gnp.exe", page.Text, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", page.Text, StringComparison.Ordinal);
        Assert.InRange(page.Body.Length, 1, 60 * 1024);
    }

    [Theory]
    [InlineData("not JSON")]
    [InlineData("[]")]
    [InlineData("{\"config\":[],\"history\":{}}")]
    [InlineData("{\"config\":{\"Labels\":{\"\\ud800\":\"\\ud800\"},\"Env\":[\"\\udc00\"]}}")]
    public async Task A_config_that_is_none_leaves_the_rest_of_the_page(string text)
    {
        var name = $"odd/{Guid.NewGuid():N}";
        var config = TestBlob.OfText(text);
        await PushWithConfigAsync(name, config);

        var page = Check.Status(200, await _visitor.OpenAsync($"/repositories/{name}/-/tags/v1"));

        Assert.Contains("<h2>Layers</h2>", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_config_that_is_nested_too_deeply_leaves_the_rest_of_the_page()
    {
        var name = $"deep/{Guid.NewGuid():N}";
        await PushWithConfigAsync(name, TestBlob.OfText(new StringBuilder().Insert(0, "{\"a\":", 2000).Append('1').Append('}', 2000).ToString()));

        Check.Status(200, await _visitor.OpenAsync($"/repositories/{name}/-/tags/v1"));
    }

    [Fact]
    public async Task A_title_of_the_operator_is_text()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { UiTitle = "<b>&" });

        var page = Check.Status(200, await new Visitor(registry.Client).OpenAsync("/"));

        Assert.Contains("<title>Repositories · &lt;b&gt;&amp;</title>", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_start_shows_a_push_to_the_address_of_the_visitor()
    {
        await using var registry = await TestRegistry.StartAsync();
        var visitor = new Visitor(registry.Client) { Headers = { ("Host", "registry.example.com:5000") } };

        Assert.Contains("docker push registry.example.com:5000/first/busybox:1", (await visitor.OpenAsync("/")).Text, StringComparison.Ordinal);
        visitor.Headers[^1] = ("Host", "\"><script>");
        Assert.DoesNotContain("<script>", (await visitor.OpenAsync("/")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_can_be_turned_off()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { Ui = false });
        var visitor = new Visitor(registry.Client);

        Assert.False((await visitor.OpenAsync("/")).Json.GetProperty("pages").GetBoolean());
        Check.Error(404, "UNSUPPORTED", "no such endpoint", await visitor.OpenAsync("/space"));
        Check.Error(404, "UNSUPPORTED", "no such endpoint", await visitor.OpenAsync("/repositories/a"));
    }

    private async Task<string> PushAsync()
    {
        var name = $"page/{Guid.NewGuid():N}";
        await fixture.Client.PushAsync(name, TestImage.Create(), "v1");
        return name;
    }

    private async Task PushWithConfigAsync(string name, TestBlob config)
    {
        await fixture.Client.PushBlobAsync(name, config);
        var image = TestImage.Create(json => json["config"] = TestImage.Descriptor(config, TestImage.ConfigType));
        foreach (var blob in image.Blobs)
        {
            await fixture.Client.PushBlobAsync(name, blob);
        }

        Check.Status(201, await fixture.Client.PutManifestAsync(name, "v1", image));
    }
}
