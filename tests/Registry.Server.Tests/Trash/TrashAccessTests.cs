using Microsoft.Extensions.Logging;
using Registry.Core.Access;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Trash;

/// <summary>Callers of the trash: what they may list, restore and purge, and how much they see.</summary>
public sealed class TrashAccessTests
{
    // bob may pull from read/, push to write/, and only delete from drop/.
    private const string Rules = """
        {
          "defaultPolicy": "deny",
          "adminUsers": ["admin"],
          "rules": [
            { "repository": "read/**", "users": ["bob"], "permissions": ["pull"] },
            { "repository": "write/**", "users": ["bob"], "permissions": ["pull", "push"] },
            { "repository": "drop/**", "users": ["bob"], "permissions": ["delete"] },
            { "repository": "**", "users": ["alice"], "permissions": ["pull", "push", "delete"] }
          ]
        }
        """;

    private static readonly (string, string) Json = ("Content-Type", "application/json");

    private static readonly string[] Repositories = ["read/app", "write/app", "drop/app", "secret/app"];

    private readonly TestImage _image = TestImage.Create();

    public static TheoryData<AuthenticationKind> Kinds => new(AuthenticationKind.Basic, AuthenticationKind.BuiltInToken);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Reading_needs_pull_and_a_restore_push_and_a_purge_delete(AuthenticationKind kind)
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, kind);
        foreach (var repository in Repositories)
        {
            var (reads, writes, drops) = (repository is "read/app" or "write/app", repository == "write/app", repository == "drop/app");
            foreach (var route in new[] { "", "/show" })
            {
                Check.Status(401, await AskAsync(registry, "GET", route, repository, null));
                Check.Status(reads ? 200 : 403, await AskAsync(registry, "GET", route, repository, "bob"));
                Check.Status(200, await AskAsync(registry, "GET", route, repository, "alice"));
            }

            foreach (var change in new[] { "/restore", "/purge" })
            {
                Check.Status(401, await AskAsync(registry, "POST", change, repository, null));
                Check.Status((change == "/restore" ? writes : drops) ? 200 : 403, await AskAsync(registry, "POST", change, repository, "bob"));
            }

            // bob has taken some out.
            Check.Status(writes || drops ? 404 : 200, await AskAsync(registry, "POST", "/restore", repository, "alice"));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_list_of_all_shows_what_the_caller_may_pull(AuthenticationKind kind)
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, kind);

        Check.Status(401, await registry.Client.GetAnswerAsync("/api/v1/trash/all"));
        Assert.Equal(["write/app", "read/app"], await ListAsync("bob", "?n=100"));
        Assert.Equal(Repositories.Reverse(), await ListAsync("alice", "?n=100"));
        Assert.Equal(Repositories.Reverse(), await ListAsync("admin", "?n=1"));
        Assert.Equal(["write/app", "read/app"], await ListAsync("bob", "?n=1"));

        async Task<List<string>> ListAsync(string user, string query)
        {
            var repositories = new List<string>();
            for (var path = $"/api/v1/trash/all{query}"; path is not null;)
            {
                var page = Check.Status(200, await registry.Client.GetAnswerAsync(path, AccessFolder.Basic(user)));
                repositories.AddRange(page.Json.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("repository").GetString()!));
                path = page.Json.TryGetProperty("next", out var next) ? next.GetString() : null;
            }

            return repositories;
        }
    }

    [Fact]
    public async Task A_refusal_does_not_tell_if_there_is_such_a_repository()
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, AuthenticationKind.Basic);
        foreach (var (method, route) in new[] { ("GET", ""), ("GET", "/show"), ("POST", "/restore"), ("POST", "/purge") })
        {
            foreach (var user in new[] { null, "bob" })
            {
                var there = await AskAsync(registry, method, route, "secret/app", user);
                var missing = await AskAsync(registry, method, route, "secret/nil", user);
                Assert.Equal((there.Status, Anonymous(there)), (missing.Status, Anonymous(missing)));
            }
        }

        static string Anonymous(Answer answer) => answer.Text.Replace(answer["X-Request-Id"]!, "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Admins_see_where_a_deletion_comes_from_and_others_see_who_made_it()
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, AuthenticationKind.Basic);
        foreach (var route in new[] { "", "/show" })
        {
            Assert.Contains(
                """{"source":"request","actor":"alice","address":"127.0.0.1","client":"tester/1","requestId":"delete-1"}""",
                (await AskAsync(registry, "GET", route, "read/app", "admin")).Text,
                StringComparison.Ordinal);
            Assert.Contains("""{"source":"request","actor":"alice"}""", (await AskAsync(registry, "GET", route, "read/app", "bob")).Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_purge_names_other_repositories_only_to_those_who_may_pull_from_them()
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, AuthenticationKind.Basic);

        var purged = Check.Status(200, await AskAsync(registry, "POST", "/purge", "drop/app", "bob"));

        Assert.All(purged.Json.GetProperty("content").EnumerateArray(), content =>
        {
            Assert.True(content.GetProperty("stored").GetBoolean());
            Assert.Equal(["read/app", "write/app"], content.GetProperty("heldBy").EnumerateArray().Select(name => name.GetString()));
        });
    }

    [Fact]
    public async Task A_purge_does_not_tell_if_a_repository_that_is_hidden_has_the_same()
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, AuthenticationKind.Basic);

        // The same image, shared with secret/app alone, and one that no other repository has.
        var own = TestImage.Create();
        using var alice = new HttpClient { BaseAddress = registry.Client.BaseAddress };
        alice.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("alice").Item2);
        await alice.PushAsync("drop/own", own, "latest");
        Check.Status(202, await alice.RequestAsync("DELETE", $"/v2/drop/own/manifests/{own.Digest}"));
        foreach (var repository in new[] { "read/app", "write/app" })
        {
            Check.Status(200, await AskAsync(registry, "POST", "/purge", repository, "admin"));
        }

        var shared = Check.Status(200, await AskAsync(registry, "POST", "/purge", "drop/app", "bob"));
        var alone = Check.Status(200, await registry.Client.RequestAsync(
            "POST", $"/api/v1/trash/purge?repository=drop/own&digest={own.Digest}", [], Json, AccessFolder.Basic("bob")));

        foreach (var content in shared.Json.GetProperty("content").EnumerateArray().Concat(alone.Json.GetProperty("content").EnumerateArray()))
        {
            Assert.Equal(("null", 0), (content.GetProperty("stored").GetRawText(), content.GetProperty("heldBy").GetArrayLength()));
        }

        // An admin is told.
        Check.Status(200, await AskAsync(registry, "POST", "/restore", "secret/app", "alice"));
        await alice.PushAsync("drop/app", _image, "latest");
        Check.Status(202, await alice.RequestAsync("DELETE", $"/v2/drop/app/manifests/{_image.Digest}"));
        Assert.All(
            Check.Status(200, await AskAsync(registry, "POST", "/purge", "drop/app", "admin")).Json.GetProperty("content").EnumerateArray(),
            content => Assert.Equal(("true", "secret/app"), (content.GetProperty("stored").GetRawText(), content.GetProperty("heldBy")[0].GetString())));
    }

    [Fact]
    public async Task Restores_and_purges_have_their_audit_lines()
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, AuthenticationKind.Basic);
        Check.Status(200, await AskAsync(registry, "POST", "/restore", "read/app", "alice"));
        Check.Status(403, await AskAsync(registry, "POST", "/purge", "secret/app", "bob"));
        Check.Status(200, await AskAsync(registry, "POST", "/purge", "secret/app", "alice"));

        foreach (var line in new[]
        {
            $"audit: restore-manifest read/app@{_image.Digest} with tags latest by user alice from 127.0.0.1: done ",
            $"audit: purge-manifest secret/app@{_image.Digest} by user bob from 127.0.0.1: DENIED ",
            $"audit: purge-manifest secret/app@{_image.Digest} by user alice from 127.0.0.1: done ",
        })
        {
            // A line is written when its request ends, which the client may see before.
            await Eventually.HoldsAsync(
                () => Task.FromResult(registry.Log.Entries.Any(
                    entry => entry.Level == LogLevel.Information && entry.Message.StartsWith(line, StringComparison.Ordinal))),
                $"the log has the line: {line}");
        }
    }

    private async Task<TestRegistry> StartAsync(AccessFolder folder, AuthenticationKind kind)
    {
        var registry = await TestRegistry.StartAsync(options => folder.Configure(options, kind));
        using var alice = new HttpClient { BaseAddress = registry.Client.BaseAddress };
        alice.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("alice").Item2);
        foreach (var repository in Repositories)
        {
            await alice.PushAsync(repository, _image, "latest");
            Check.Status(202, await alice.RequestAsync(
                "DELETE", $"/v2/{repository}/manifests/{_image.Digest}", null, ("User-Agent", "tester/1"), ("X-Request-Id", "delete-1")));
        }

        return registry;
    }

    private Task<Answer> AskAsync(TestRegistry registry, string method, string route, string repository, string? user) => registry.Client.RequestAsync(
        method,
        $"/api/v1/trash{route}?repository={repository}{(route.Length == 0 ? "" : $"&digest={_image.Digest}")}",
        method == "POST" ? [] : null,
        [.. method == "POST" ? [Json] : Array.Empty<(string, string)>(), .. user is null ? [] : new[] { AccessFolder.Basic(user) }]);
}
