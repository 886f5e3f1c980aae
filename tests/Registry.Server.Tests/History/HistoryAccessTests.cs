using Microsoft.Extensions.Logging;
using Registry.Core.Access;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.History;

/// <summary>Callers of the history: what they may ask, what they may change, and how much they see.</summary>
public sealed class HistoryAccessTests
{
    // bob may pull from read/, and push to drop/.
    private const string Rules = """
        {
          "defaultPolicy": "deny",
          "adminUsers": ["admin"],
          "rules": [
            { "repository": "read/**", "users": ["bob"], "permissions": ["pull"] },
            { "repository": "drop/**", "users": ["bob"], "permissions": ["push"] },
            { "repository": "public/**", "users": ["$anonymous", "bob"], "permissions": ["pull"] },
            { "repository": "**", "users": ["alice"], "permissions": ["pull", "push", "delete"] }
          ]
        }
        """;

    private static readonly (string, string) Json = ("Content-Type", "application/json");

    private static readonly string[] Repositories = ["read/app", "drop/app", "public/app", "secret/app"];

    public static TheoryData<AuthenticationKind> Kinds => new(AuthenticationKind.Basic, AuthenticationKind.BuiltInToken);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Reading_needs_pull_and_a_rollback_push_and_pull(AuthenticationKind kind)
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, kind);
        foreach (var repository in Repositories)
        {
            var isPublic = repository == "public/app";
            foreach (var read in new[] { "history", "show" })
            {
                Check.Status(isPublic ? 200 : 401, await AskAsync(registry, "GET", read, repository, null));
                Check.Status(repository == "read/app" || isPublic ? 200 : 403, await AskAsync(registry, "GET", read, repository, "bob"));
                Check.Status(200, await AskAsync(registry, "GET", read, repository, "alice"));
                Check.Status(200, await AskAsync(registry, "GET", read, repository, "admin"));
            }

            Check.Status(401, await AskAsync(registry, "POST", "rollback", repository, null));
            Check.Problem(403, "DENIED", "access forbidden", await AskAsync(registry, "POST", "rollback", repository, "bob"));
            Check.Status(200, await AskAsync(registry, "POST", "rollback", repository, "alice"));
            Check.Status(200, await AskAsync(registry, "POST", "rollback", repository, "admin"));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_refusal_does_not_tell_if_there_is_such_a_repository(AuthenticationKind kind)
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, kind);
        foreach (var (method, route) in new[] { ("GET", "history"), ("GET", "show"), ("POST", "rollback") })
        {
            foreach (var user in new[] { null, "bob" })
            {
                var there = await AskAsync(registry, method, route, "secret/app", user);
                var missing = await AskAsync(registry, method, route, "secret/nil", user);
                Assert.Equal((there.Status, Anonymous(there.Text, there)), (missing.Status, Anonymous(missing.Text, missing)));
                Assert.Equal(there["WWW-Authenticate"]?.Replace("secret/app", "secret/nil", StringComparison.Ordinal), missing["WWW-Authenticate"]);
            }
        }

        static string Anonymous(string text, Answer answer) => text.Replace(answer["X-Request-Id"]!, "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_challenge_names_the_scope_that_docker_asks_a_token_for()
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, AuthenticationKind.BuiltInToken);

        Assert.Contains("scope=\"repository:secret/app:pull\"", (await AskAsync(registry, "GET", "history", "secret/app", null))["WWW-Authenticate"], StringComparison.Ordinal);
        var refused = Check.Problem(401, "UNAUTHORIZED", "authentication required", await AskAsync(registry, "POST", "rollback", "secret/app", null));
        Assert.Contains("scope=\"repository:secret/app:pull,push\"", refused["WWW-Authenticate"], StringComparison.Ordinal);

        // A token for pushes alone does not do.
        var token = await registry.Client.GetAnswerAsync("/token?scope=repository:secret/app:push", AccessFolder.Basic("alice"));
        var partial = await registry.Client.RequestAsync(
            "POST", Path("rollback", "secret/app"), [], Json, AccessFolder.Bearer(token.Json.GetProperty("token").GetString()!));
        Check.Status(401, partial);
        Assert.Contains("error=\"insufficient_scope\"", partial["WWW-Authenticate"], StringComparison.Ordinal);
        var full = await registry.Client.GetAnswerAsync("/token?scope=repository:secret/app:pull,push", AccessFolder.Basic("alice"));
        Check.Status(200, await registry.Client.RequestAsync(
            "POST", Path("rollback", "secret/app"), [], Json, AccessFolder.Bearer(full.Json.GetProperty("token").GetString()!)));
    }

    [Fact]
    public async Task Admins_see_where_a_change_comes_from_and_others_see_who_made_it()
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, AuthenticationKind.Basic);
        Check.Status(200, await registry.Client.RequestAsync(
            "POST", Path("rollback", "read/app"), [], Json, AccessFolder.Basic("alice"), ("User-Agent", "tester/1"), ("X-Request-Id", "rollback-1")));

        foreach (var route in new[] { "history", "show" })
        {
            var all = await AskAsync(registry, "GET", route, "read/app", "admin");
            var actor = await AskAsync(registry, "GET", route, "read/app", "bob");

            Assert.Contains(
                """{"source":"request","actor":"alice","address":"127.0.0.1","client":"tester/1","requestId":"rollback-1"}""", all.Text, StringComparison.Ordinal);
            Assert.Contains("""{"source":"request","actor":"alice"}""", actor.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("tester/1", actor.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("127.0.0.1", actor.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("rollback-1", actor.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_rollback_has_its_audit_line()
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, AuthenticationKind.Basic);
        var answer = await AskAsync(registry, "POST", "rollback", "read/app", "alice");
        Check.Status(403, await AskAsync(registry, "POST", "rollback", "read/app", "bob"));

        var (now, before) = (answer.Json.GetProperty("digest").GetString(), answer.Json.GetProperty("previous").GetString());
        foreach (var line in new[]
        {
            $"audit: roll-back-tag read/app:latest@{now}, before: latest@{before} by user alice from 127.0.0.1: done ",
            "audit: roll-back-tag read/app:latest by user bob from 127.0.0.1: DENIED ",
        })
        {
            // A line is written when its request ends, which the client may see before.
            await Eventually.HoldsAsync(
                () => Task.FromResult(registry.Log.Entries.Any(
                    entry => entry.Level == LogLevel.Information && entry.Message.StartsWith(line, StringComparison.Ordinal))),
                $"the log has the line: {line}");
        }
    }

    private static async Task<TestRegistry> StartAsync(AccessFolder folder, AuthenticationKind kind)
    {
        var registry = await TestRegistry.StartAsync(options => folder.Configure(options, kind));
        using var alice = new HttpClient { BaseAddress = registry.Client.BaseAddress };
        alice.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("alice").Item2);
        foreach (var repository in Repositories)
        {
            await alice.PushAsync(repository, TestImage.Create(), "latest");
            await alice.PushAsync(repository, TestImage.Create(), "latest");
        }

        return registry;
    }

    private static string Path(string route, string repository) => $"/api/v1/tags/{route}?repository={repository}&tag=latest";

    private static Task<Answer> AskAsync(TestRegistry registry, string method, string route, string repository, string? user) =>
        registry.Client.RequestAsync(
            method,
            Path(route, repository),
            method == "POST" ? [] : null,
            [.. method == "POST" ? [Json] : Array.Empty<(string, string)>(), .. user is null ? [] : new[] { AccessFolder.Basic(user) }]);
}
