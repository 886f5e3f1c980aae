using Registry.Core.Access;
using Registry.Core.Access.Rules;
using Registry.Server.Requests;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Events;

namespace Registry.Server.Tests.Web;

/// <summary>Every page, opened by every kind of visitor: what the rules hide has the same answer as what does not exist.</summary>
public sealed class PageMatrixTests : IAsyncLifetime
{
    private const RepositoryActions Pull = RepositoryActions.Pull;
    private const RepositoryActions Push = RepositoryActions.Push;
    private const RepositoryActions Delete = RepositoryActions.Delete;

    private const string Rules = """
        {
          "defaultPolicy": "deny",
          "adminUsers": ["admin"],
          "rules": [
            { "repository": "public/**", "users": ["$anonymous", "*"], "permissions": ["pull"] },
            { "repository": "team/**", "users": ["alice"], "permissions": ["pull", "push", "delete"] },
            { "repository": "team/**", "users": ["bob"], "permissions": ["pull"] },
            { "repository": "push/**", "users": ["bob"], "permissions": ["push"] },
            { "repository": "push/**", "users": ["alice"], "permissions": ["push", "delete"] }
          ]
        }
        """;

    // The rights of each visitor, by the first part of the name.
    private static readonly Dictionary<string, Dictionary<string, RepositoryActions>> Visitors = new()
    {
        [""] = new() { ["public"] = Pull },
        ["alice"] = new() { ["public"] = Pull, ["team"] = RepositoryActions.All, ["push"] = Push | Delete },
        ["bob"] = new() { ["public"] = Pull, ["team"] = Pull, ["push"] = Push },
        ["admin"] = new() { ["public"] = RepositoryActions.All, ["team"] = RepositoryActions.All, ["push"] = RepositoryActions.All, ["secret"] = RepositoryActions.All },
    };

    private static readonly string[] Areas = ["public", "team", "push", "secret"];

    private readonly AccessFolder _folder = new(Rules);
    private readonly EventFolder _events = new(EventFolder.Endpoint("pipeline", new Uri("http://127.0.0.1:1/hook")));
    private TestRegistry _registry = null!;
    private TestImage _image = null!;
    private TestImage _deleted = null!;
    private string _upload = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync(options => _events.Configure(_folder.Configure(options, AuthenticationKind.Basic)));
        using var admin = new HttpClient { BaseAddress = _registry.Client.BaseAddress };
        admin.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("admin").Item2);
        (_image, _deleted) = (TestImage.Create(), TestImage.Create());
        _upload = (await admin.BeginUploadAsync("secret/app")).UploadId();
        foreach (var area in Areas)
        {
            await admin.PushAsync($"{area}/app", _image, "v1");
            await admin.PushAsync($"{area}/app", _deleted, "old");
            Check.Status(202, await admin.RequestAsync("DELETE", $"/v2/{area}/app/manifests/{_deleted.Digest}"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _folder.Dispose();
        _events.Dispose();
    }

    [Fact]
    public async Task Every_page_of_a_repository_answers_every_visitor_by_the_rules()
    {
        var compared = 0;
        foreach (var (user, rights) in Visitors)
        {
            var visitor = await LogInAsync(user);
            foreach (var route in Routes().Where(route => route.HasName))
            {
                foreach (var area in Areas)
                {
                    var answer = await AskAsync(visitor, route, $"{area}/app");
                    var what = $"{route.Method} {route.Template} of {area}/app as '{user}': {answer}";
                    var may = rights.GetValueOrDefault(area);
                    if (may.HasFlag(Pull | Needed(route)))
                    {
                        // A form without its token changes nothing, and is refused only now.
                        Assert.True(route.Method == "GET" ? answer.Status == 200 : answer.Status == 403 && answer.Text.Contains("the form is not of this log-in", StringComparison.Ordinal), what);
                        continue;
                    }

                    Assert.True(answer.Status == (user.Length == 0 ? 303 : may.HasFlag(Pull) ? 403 : 404), what);
                    Assert.Equal(Describe(await AskAsync(visitor, route, $"{area}/nil"), $"{area}/nil"), Describe(answer, $"{area}/app"));
                    compared++;
                }
            }
        }

        Assert.True(compared > 80, $"{compared} were compared");
        foreach (var area in Areas)
        {
            Check.Status(200, await _registry.Client.HeadAnswerAsync($"/v2/{area}/app/manifests/v1", AccessFolder.Basic("admin")));
        }
    }

    [Fact]
    public async Task Pages_for_admins_do_not_exist_for_others()
    {
        foreach (var user in Visitors.Keys)
        {
            var visitor = await LogInAsync(user);
            var nowhere = Main(Check.Status(404, await visitor.OpenAsync("/administration/nowhere")));
            foreach (var route in Routes().Where(route => route.Permission == Permission.Maintain))
            {
                var answer = route.Method == "GET" ? await visitor.OpenAsync($"{route.Template}?id={_upload}&endpoint=pipeline")
                    : await visitor.PostAsync(route.Template, ("id", _upload));
                var what = $"{route.Method} {route.Template} as '{user}': {answer}";
                if (user == "admin")
                {
                    Assert.True(
                        route.Method == "GET" ? answer.Status == 200 : answer.Status == 403 && answer.Text.Contains("the form is not of this log-in", StringComparison.Ordinal), what);
                    continue;
                }

                Assert.True(answer.Status == (user.Length == 0 ? 303 : 404), what);
                Assert.Equal(user.Length == 0 ? string.Empty : nowhere, Main(answer));
            }

            var first = Check.Status(200, await visitor.OpenAsync("/"));
            Assert.Equal(user == "admin", first.Text.Contains("/administration", StringComparison.Ordinal));
        }

        static string Main(Answer answer)
        {
            var at = answer.Text.IndexOf("<main", StringComparison.Ordinal);
            return at < 0 ? answer.Text : answer.Text[at..].Replace(answer["X-Request-Id"] ?? "none", "<id>", StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Pages_of_all_repositories_show_what_the_visitor_may_pull()
    {
        foreach (var (user, rights) in Visitors)
        {
            var visitor = await LogInAsync(user);
            foreach (var path in new[] { "/", "/?sort=pushed", "/?sort=size", "/?q=app", "/?q=/ap&sort=size", "/trash", "/space" })
            {
                var page = Check.Status(200, await visitor.OpenAsync(path)).Text;
                foreach (var area in Areas)
                {
                    var isShown = rights.GetValueOrDefault(area).HasFlag(Pull);
                    Assert.True(isShown || !page.Contains($"{area}/app", StringComparison.Ordinal), $"{path} tells '{user}' of {area}/app");
                    Assert.True(!isShown || path == "/space" || page.Contains($"{area}/app", StringComparison.Ordinal), $"{path} does not tell '{user}' of {area}/app");
                }
            }
        }
    }

    [Theory]
    [InlineData("secret/app")]
    [InlineData("secret/app:v1")]
    [InlineData("secret/app:v")]
    [InlineData("push/app:v1")]
    [InlineData("secret/app:")]
    public async Task A_search_for_what_is_hidden_finds_as_much_as_one_for_what_does_not_exist(string text)
    {
        foreach (var user in new[] { "", "alice", "bob" })
        {
            var visitor = await LogInAsync(user);
            var missing = text.Replace("app", "nil", StringComparison.Ordinal);
            var hidden = Check.Status(200, await visitor.OpenAsync($"/?q={Uri.EscapeDataString(text)}"));
            Assert.Equal(
                Describe(await visitor.OpenAsync($"/?q={Uri.EscapeDataString(missing)}"), missing.Split(':')[0]), Describe(hidden, text.Split(':')[0]));
        }
    }

    [Fact]
    public async Task A_digest_is_found_only_where_the_visitor_may_pull()
    {
        using var admin = new HttpClient { BaseAddress = _registry.Client.BaseAddress };
        admin.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("admin").Item2);
        var secret = await admin.PushAsync("secret/app", TestImage.Create(), "v2");
        foreach (var user in new[] { "", "alice", "bob" })
        {
            var visitor = await LogInAsync(user);
            var none = $"sha256:{new string('0', 64)}";
            Assert.Equal(
                Describe(await visitor.OpenAsync($"/?q={none}"), none), Describe(Check.Status(200, await visitor.OpenAsync($"/?q={secret.Digest}")), secret.Digest));
            Check.Status(user.Length == 0 ? 303 : 200, await visitor.OpenAsync($"/?q={_image.Digest}"));
        }

        Assert.Equal($"/repositories/public/app/-/manifests/{_image.Digest}", (await (await LogInAsync("")).OpenAsync($"/?q={_image.Digest[..19]}")).Location);
        Assert.Equal($"/repositories/secret/app/-/manifests/{secret.Digest}", (await (await LogInAsync("admin")).OpenAsync($"/?q={secret.Digest}")).Location);
    }

    [Fact]
    public async Task A_layer_is_found_only_where_the_visitor_may_pull()
    {
        using var admin = new HttpClient { BaseAddress = _registry.Client.BaseAddress };
        admin.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("admin").Item2);
        var (hidden, shared) = (TestBlob.Random(), _image.Blobs[^1].Digest);
        await admin.PushAsync("secret/app", TestImage.Of([hidden]), "v3");
        foreach (var (user, areas) in new[] { ("alice", new[] { "public", "team" }), ("bob", ["public", "team"]), ("admin", Areas) })
        {
            var visitor = await LogInAsync(user);
            var none = $"sha256:{new string('0', 64)}";
            var answer = await visitor.OpenAsync($"/?q={hidden.Digest}");
            if (user == "admin")
            {
                Assert.Equal($"/repositories/secret/app/-/blobs/{hidden.Digest}", Check.Status(303, answer).Location);
            }
            else
            {
                Assert.Equal(Describe(await visitor.OpenAsync($"/?q={none}"), none), Describe(Check.Status(200, answer), hidden.Digest));
            }

            var page = Check.Status(200, await visitor.OpenAsync($"/?q={shared}")).Text;
            Assert.Equal(areas.Order(), Areas.Where(area => page.Contains($"{area}/app", StringComparison.Ordinal)).Order());
        }

        Assert.Equal($"/repositories/public/app/-/blobs/{shared}", Check.Status(303, await (await LogInAsync("")).OpenAsync($"/?q={shared}")).Location);
    }

    [Fact]
    public void Every_change_is_a_form_and_needs_more_than_pull()
    {
        Assert.All(Routes().Where(route => route.Method == "POST" && route.HasName), route => Assert.True(
            route.IsChange && route.AlsoPulls && route.Operation != RequestOperation.None, route.Template));
        Assert.All(Routes().Where(route => route.Method is not ("GET" or "POST")), route => Assert.Fail(route.Template));
    }

    private static RepositoryActions Needed(Route route) => route.Permission switch
    {
        Permission.Push => Push,
        Permission.Delete => Delete,
        _ => Pull,
    };

    private Task<Answer> AskAsync(Visitor visitor, Route route, string name)
    {
        var isOfTrash = route.Template.Contains("/restore/", StringComparison.Ordinal) || route.Template.Contains("/purge/", StringComparison.Ordinal);
        var path = route.Template.Replace("<name>", name, StringComparison.Ordinal).Replace("<tag>", "v1", StringComparison.Ordinal)
            .Replace("blobs/<digest>", $"blobs/{_image.Blobs[0].Digest}", StringComparison.Ordinal)
            .Replace("<digest>", isOfTrash ? _deleted.Digest : _image.Digest, StringComparison.Ordinal);
        var query = route.Template.Contains("/rollback/", StringComparison.Ordinal) ? $"?to={_image.Digest}"
            : route.Template.EndsWith("/delete", StringComparison.Ordinal) ? "?tag=v1"
            : route.Template.EndsWith("/restore", StringComparison.Ordinal) ? $"?digest={_deleted.Digest}"
            : route.Template.EndsWith("/compare", StringComparison.Ordinal) ? "?from=v1&to=v1"
            : string.Empty;
        return route.Method == "GET" ? visitor.OpenAsync($"{path}{query}") : visitor.PostAsync(path, ("items", "x"));
    }

    // The whole answer, but for what is of the request alone.
    private static string Describe(Answer answer, string name) =>
        string.Join('\n', new[] { $"{answer.Status}", answer["Content-Type"], answer["Cache-Control"], answer["Allow"], answer["ETag"], answer["Location"], answer.Text }
            .Select(text => (text ?? string.Empty).Replace(answer["X-Request-Id"] ?? "none", "<id>", StringComparison.Ordinal)
                .Replace(name, "<name>", StringComparison.Ordinal).Replace(Uri.EscapeDataString(name), "<name>", StringComparison.Ordinal)));

    private Task<Visitor> LogInAsync(string user) => Visitor.EnterAsync(_registry.Client, user);

    // Without the streams of live activity, which do not end (LiveActivityTests).
    private static IReadOnlyList<Route> Routes() => [.. PageRoutes.Create().Where(route => !route.Template.EndsWith("/live", StringComparison.Ordinal))];
}
