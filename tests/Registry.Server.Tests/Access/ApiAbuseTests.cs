using System.Text;
using System.Text.Json.Nodes;
using Registry.Core.Access;
using Registry.Server.Requests;
using Registry.Server.Tests.Events;

namespace Registry.Server.Tests.Access;

/// <summary>Queries, bodies and conditions that no honest client sends, on every route of <c>/api/v1</c>: each is refused with its reason, and changes nothing.</summary>
public sealed class ApiAbuseTests : IAsyncLifetime
{
    private const string Repository = "team/app";

    private static readonly (string, string) Json = ("Content-Type", "application/json");

    private static readonly string Longest = string.Join('/', Enumerable.Repeat("abcdefg", 32))[..255];

    private readonly AccessFolder _access = new();
    private readonly EventFolder _events = new(new JsonObject { ["name"] = "pipeline", ["url"] = "http://127.0.0.1:9/" });
    private TestRegistry _registry = null!;
    private TestImage _image = null!;
    private TestImage _deleted = null!;
    private string _before = "";

    public static TheoryData<string> WrongNames => new(
        "", "A", "%41", "..", "team%2F..%2Fapp", "a%252Fb", "a//b", "/a", "a/", "a%00", "%00", "%ff", "%ED%A0%80", "a%0Db", "a b", "a+b", $"{Longest}x", new string('a', 3000), "$anonymous", "*", "a:b", "a@b");

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync(options => _events.Configure(_access.Configure(options, AuthenticationKind.Basic)));
        _registry.Client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("admin").Item2);
        _image = await _registry.Client.PushAsync(Repository, TestImage.Create(), "latest");
        _deleted = await _registry.Client.PushAsync(Repository, TestImage.Create(), "old");
        Check.Status(202, await _registry.Client.RequestAsync("DELETE", $"/v2/{Repository}/manifests/{_deleted.Digest}"));
        _before = await ReadAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _access.Dispose();
        _events.Dispose();
    }

    [Theory]
    [MemberData(nameof(WrongNames))]
    public async Task A_name_that_is_none_is_refused(string name)
    {
        foreach (var route in Api().Where(route => route.HasName))
        {
            await RefuseAsync(route, Fill(route).Replace($"={Repository}", $"={name}", StringComparison.Ordinal), 400);

            // Twice, as well: which one would be meant?
            await RefuseAsync(route, $"{Fill(route)}&repository={name}", 400);
        }

        Assert.Equal(_before, await ReadAsync());
    }

    [Fact]
    public async Task A_parameter_that_is_unknown_repeated_or_malformed_is_refused()
    {
        foreach (var route in Api())
        {
            var (path, join) = (Fill(route), route.Template.Contains('?', StringComparison.Ordinal) ? '&' : '?');
            foreach (var query in new[]
            {
                "x=1", "Repository=team/app", "n=0", "n=-1", "n=%2B1", "n=1e3", "n=x", "n=%D9%A1", "n=1&n=2", "before=-1", "before=9223372036854775808", "before=1&before=2",
                "at=tomorrow", "at=9999-99-99T00:00:00Z", "deletion=x", "deletion=sha256:00", "last=a&last=b", "%00=1",
            })
            {
                await RefuseAsync(route, $"{path}{join}{query}", 400);
            }

            // A list by name continues after any text.
            if (route.Path is not ("/api/v1/repositories" or "/api/v1/tags"))
            {
                await RefuseAsync(route, $"{path}{join}after=x", 400);
                await RefuseAsync(route, $"{path}{join}after=99999999999999999999", 400);
            }

            if (route.Template.Contains("<digest>", StringComparison.Ordinal))
            {
                foreach (var digest in new[] { "", "x", "sha256:", $"sha256:{new string('A', 64)}", $"sha256:{new string('0', 65)}", $"md5:{new string('0', 32)}", "sha256%3A%00" })
                {
                    await RefuseAsync(route, path.Replace(_deleted.Digest, digest, StringComparison.Ordinal), 400);
                }
            }

            if (route.Template.Contains("<reference>", StringComparison.Ordinal))
            {
                // A reference may be a digest, too.
                string[] digests = route.Template.Contains("tag=", StringComparison.Ordinal) ? [_image.Digest] : [];
                foreach (var tag in new[] { "", ".", "-x", new string('t', 129), "a%2Fb", "a%00", "%ff" }.Concat(digests))
                {
                    await RefuseAsync(route, path.Replace("=latest", $"={tag}", StringComparison.Ordinal), 400);
                }
            }
        }

        Assert.Equal(_before, await ReadAsync());
    }

    [Fact]
    public async Task Very_large_limits_and_cursors_are_answered()
    {
        foreach (var route in Api().Where(route => route.Method == "GET"))
        {
            foreach (var query in new[] { "n=99999999999999999999", "n=2147483647", "before=9223372036854775807", "after=9223372036854775807", "before=0", "after=0", "last=%00", "last=%F4%8F%BF%BF", $"last={new string('z', 3000)}", "at=0001-01-01T00:00:00Z", "at=9999-12-31T23:59:59Z" })
            {
                var answer = await _registry.Client.GetAnswerAsync($"{Fill(route)}{(route.Template.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query}");
                Assert.True(answer.Status is 200 or 202 or 400, $"{route.Template} {query}: {answer}");
            }
        }
    }

    [Fact]
    public async Task A_body_that_a_web_page_can_send_unasked_changes_nothing()
    {
        foreach (var route in Api().Where(route => route.Method == "POST"))
        {
            // The types of forms and of texts (Fetch standard, "CORS-safelisted request-header"), and tricks with them.
            foreach (var type in new[]
            {
                "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain; application/json", "text/plain;charset=application/json", "application/jsonx", "text/json", "", " ",
            })
            {
                await RefuseAsync(route, Fill(route), 415, "{}", ("Content-Type", type), ("Origin", "https://evil.example.com"), ("Sec-Fetch-Site", "cross-site"));
            }

            await RefuseAsync(route, Fill(route), 415, null, ("Origin", "https://evil.example.com"));

            // The question of a browser whether it may send the type.
            var preflight = await _registry.Client.RequestAsync(
                "OPTIONS", Fill(route), null, ("Origin", "https://evil.example.com"), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type"));
            Assert.Equal((405, null), (preflight.Status, preflight["Access-Control-Allow-Origin"]));
        }

        Assert.Equal(_before, await ReadAsync());
    }

    [Fact]
    public async Task A_body_that_is_no_object_of_known_fields_changes_nothing()
    {
        foreach (var route in Api().Where(route => route.Method == "POST"))
        {
            foreach (var body in new[]
            {
                "[]", "null", "1", "\"x\"", "{", "{}{}", "{\"x\":1}", "{\"x\":{}}", "{\"to\":1}", "{\"\\ud800\":\"\"}", "{\"to\":\"\\ud800\"}", $"{new string('[', 5000)}", "\0", "{\"to\":\"a\",\"to\":\"b\"}",
            })
            {
                await RefuseAsync(route, Fill(route), 400, body, Json);
            }

            await RefuseAsync(route, Fill(route), 413, $"{{{new string(' ', 17 * 1024)}}}", Json);
        }

        Assert.Equal(_before, await ReadAsync());
    }

    [Fact]
    public async Task A_condition_that_cannot_hold_changes_nothing()
    {
        foreach (var route in Api().Where(route => route.Method == "POST"))
        {
            await RefuseAsync(route, Fill(route), 412, "{}", Json, ("If-None-Match", "*"));
            await RefuseAsync(route, Fill(route), 412, "{}", Json, ("If-Match", "\"nothing\""));
        }

        Assert.Equal(_before, await ReadAsync());
    }

    [Fact]
    public async Task Other_methods_are_refused_and_change_nothing()
    {
        foreach (var route in Api())
        {
            foreach (var method in new[] { "GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY" }.Where(method => method != route.Method))
            {
                var answer = Check.Problem(405, "UNSUPPORTED", "the method is not allowed here", await _registry.Client.RequestAsync(method, Fill(route), method == "GET" ? null : "{}"u8.ToArray(), Json));
                Assert.Contains(route.Method, answer["Allow"], StringComparison.Ordinal);
            }
        }

        Assert.Equal(_before, await ReadAsync());
    }

    [Fact]
    public async Task A_cursor_of_another_repository_shows_and_changes_nothing_of_it()
    {
        var other = await _registry.Client.PushAsync("secret/app", TestImage.Create(), "latest");
        Check.Status(202, await _registry.Client.RequestAsync("DELETE", $"/v2/secret/app/manifests/{other.Digest}"));
        var entry = Check.Status(200, await _registry.Client.GetAnswerAsync($"/api/v1/trash/show?repository=secret/app&digest={other.Digest}")).Json.GetProperty("id").GetInt64();
        Check.Status(200, await _registry.Client.RequestAsync("POST", "/api/v1/trash/restore?repository=secret/app&digest=" + other.Digest, [], Json));
        Check.Status(200, await _registry.Client.RequestAsync("POST", "/api/v1/repositories/delete?repository=secret/app", [], Json));

        var page = Check.Status(200, await _registry.Client.GetAnswerAsync($"/api/v1/trash?repository={Repository}&before={entry}"));
        Assert.All(page.Json.GetProperty("entries").EnumerateArray(), one => Assert.Equal(Repository, one.GetProperty("repository").GetString()));
        var position = (await _registry.Client.GetAnswerAsync("/api/v1/tags/history?repository=secret/app&tag=latest")).Json.GetProperty("entries")[0].GetProperty("position").GetInt64();
        var history = Check.Status(200, await _registry.Client.GetAnswerAsync($"/api/v1/tags/history?repository={Repository}&tag=latest&before={position}"));
        Assert.DoesNotContain(other.Digest, history.Text, StringComparison.Ordinal);
        var restored = await _registry.Client.RequestAsync("POST", $"/api/v1/repositories/restore?repository={Repository}&deletion={other.Digest}&before={entry + 10}", [], Json);
        Check.Problem(400, "UNSUPPORTED", "malformed request", restored);
        foreach (var change in new[] { "restore", "purge" })
        {
            Check.Status(404, await _registry.Client.RequestAsync("POST", $"/api/v1/trash/{change}?repository={Repository}&digest={other.Digest}", [], Json));
        }

        var rollback = Encoding.UTF8.GetBytes($$"""{"to":"{{other.Digest}}"}""");
        Check.Status(404, await _registry.Client.RequestAsync("POST", $"/api/v1/tags/rollback?repository={Repository}&tag=latest", rollback, Json));
        Assert.Equal(_before, await ReadAsync());
    }

    private static List<Route> Api()
    {
        var routes = AccessMatrixTests.Routes().Where(route => route.Path.StartsWith("/api/v1/", StringComparison.Ordinal) && route.Method != "HEAD").ToList();
        Assert.Equal(41, routes.Count);
        return routes;
    }

    private string Fill(Route route) => route.Template
        .Replace("to=<name>", "to=team/new", StringComparison.Ordinal).Replace("<name>", Repository, StringComparison.Ordinal)
        .Replace("<digest>", _deleted.Digest, StringComparison.Ordinal).Replace("<reference>", "latest", StringComparison.Ordinal).Replace("<id>", "1", StringComparison.Ordinal).Replace("<on>", "true", StringComparison.Ordinal)
        .Replace("<path>", "/nowhere", StringComparison.Ordinal).Replace("<image>", $"{Repository}:latest", StringComparison.Ordinal)
        .Replace("<endpoint>", "pipeline", StringComparison.Ordinal).Replace("<time>", "2026-01-01T00:00:00Z", StringComparison.Ordinal);

    private async Task RefuseAsync(Route route, string path, int status, string? body = null, params (string, string)[] headers)
    {
        var sent = body is null ? route.Method == "POST" ? [] : null : Encoding.UTF8.GetBytes(body);
        var answer = await _registry.Client.RequestAsync(route.Method, path, sent, headers.Length == 0 && route.Method == "POST" ? [Json] : headers);
        Assert.True(answer.Status == status, $"{route.Method} {path} {body}: {answer}");
        Assert.Equal("application/problem+json", answer["Content-Type"]);
        Assert.True(answer.Json.TryGetProperty("detail", out _) || status == 412, $"{path}: {answer}");
    }

    // All that the attacks could change.
    private async Task<string> ReadAsync()
    {
        var texts = new List<string>();
        foreach (var path in new[]
        {
            "/v2/_catalog?n=1000", $"/v2/{Repository}/tags/list", $"/api/v1/tags/history?repository={Repository}&tag=latest", $"/api/v1/repositories/show?repository={Repository}",
            $"/v2/{Repository}/manifests/latest",
        })
        {
            texts.Add(Check.Status(200, await _registry.Client.GetAnswerAsync(path)).Text);
        }

        var entries = Check.Status(200, await _registry.Client.GetAnswerAsync($"/api/v1/trash?repository={Repository}")).Json.GetProperty("entries").EnumerateArray();
        return string.Join('\n', [.. texts, .. entries.Select(entry => entry.GetProperty("id").GetRawText())]);
    }
}
