using Microsoft.Extensions.Logging;
using Registry.Core.Access;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Repositories;

/// <summary>Callers of whole repositories: what they may change, and what they are told.</summary>
public sealed class RepositoryAccessTests
{
    // bob has each subset of the permissions under a name of its own.
    private const string Rules = """
        {
          "defaultPolicy": "deny",
          "adminUsers": ["admin"],
          "rules": [
            { "repository": "pull/**", "users": ["bob"], "permissions": ["pull"] },
            { "repository": "push/**", "users": ["bob"], "permissions": ["pull", "push"] },
            { "repository": "drop/**", "users": ["bob"], "permissions": ["push"] },
            { "repository": "delete/**", "users": ["bob"], "permissions": ["delete"] },
            { "repository": "clean/**", "users": ["bob"], "permissions": ["pull", "delete"] },
            { "repository": "own/**", "users": ["bob"], "permissions": ["pull", "push", "delete"] },
            { "repository": "**", "users": ["alice"], "permissions": ["pull", "push", "delete"] }
          ]
        }
        """;

    private static readonly (string, string) Json = ("Content-Type", "application/json");

    private static readonly string[] Kept = ["pull", "push", "drop", "delete", "clean", "secret"];

    public static TheoryData<AuthenticationKind> Kinds => new(AuthenticationKind.Basic, AuthenticationKind.BuiltInToken);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_rename_needs_push_and_delete_for_the_old_name_and_push_for_the_new_one(AuthenticationKind kind)
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, kind);
        foreach (var from in Kept)
        {
            Check.Problem(403, "DENIED", "access forbidden", await RenameAsync(registry, $"{from}/app", "own/new", "bob"));
            Check.Status(401, await RenameAsync(registry, $"{from}/app", "own/new", null));
        }

        foreach (var to in new[] { "pull", "delete", "clean", "secret" })
        {
            Check.Problem(403, "DENIED", "access forbidden", await RenameAsync(registry, "own/app", $"{to}/new", "bob"));

            // Whether there is such a repository.
            Check.Problem(403, "DENIED", "access forbidden", await RenameAsync(registry, "own/app", $"{to}/app", "bob"));
        }

        Check.Status(200, await RenameAsync(registry, "own/app", "drop/new", "bob"));
        Check.Status(200, await RenameAsync(registry, "drop/new", "secret/new", "alice"));
        Check.Status(200, await RenameAsync(registry, "secret/new", "own/app", "admin"));
        Check.Status(200, await RenameAsync(registry, "own/app", "push/new", "bob"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_deletion_needs_delete_and_pull_and_a_summary_pull(AuthenticationKind kind)
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, kind);
        foreach (var name in new[] { "pull", "push", "drop", "delete", "secret" })
        {
            Check.Problem(403, "DENIED", "access forbidden", await AskAsync(registry, "POST", $"delete?repository={name}/app", "bob"));
            Check.Problem(403, "DENIED", "access forbidden", await AskAsync(registry, "POST", $"delete?repository={name}/none", "bob"));
            Check.Status(401, await AskAsync(registry, "POST", $"delete?repository={name}/app", null));
            Check.Status(name is "pull" or "push" ? 200 : 403, await AskAsync(registry, "GET", $"show?repository={name}/app", "bob"));
        }

        Check.Status(200, await AskAsync(registry, "POST", "delete?repository=clean/app", "bob"));
        Check.Status(200, await AskAsync(registry, "POST", "delete?repository=secret/app", "alice"));
        Check.Status(200, await AskAsync(registry, "POST", "delete?repository=pull/app", "admin"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_restore_needs_push_and_pull(AuthenticationKind kind)
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, kind);
        foreach (var name in Kept)
        {
            Check.Status(200, await AskAsync(registry, "POST", $"delete?repository={name}/app", "alice"));
            Check.Status(401, await AskAsync(registry, "POST", $"restore?repository={name}/app", null));
            if (name != "push")
            {
                Check.Problem(403, "DENIED", "access forbidden", await AskAsync(registry, "POST", $"restore?repository={name}/app", "bob"));
                Check.Problem(403, "DENIED", "access forbidden", await AskAsync(registry, "POST", $"restore?repository={name}/none", "bob"));
            }
        }

        Check.Status(200, await AskAsync(registry, "POST", "restore?repository=push/app", "bob"));
        Check.Status(200, await AskAsync(registry, "POST", "restore?repository=secret/app", "admin"));
    }

    [Fact]
    public async Task Only_a_caller_who_may_pull_the_new_name_is_told_it()
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, AuthenticationKind.Basic);
        Check.Status(200, await RenameAsync(registry, "own/app", "secret/new", "alice"));

        var hidden = await AskAsync(registry, "GET", "show?repository=own/app", "bob");
        Assert.Contains("the repository own/app was renamed at ", hidden.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", hidden.Text, StringComparison.Ordinal);
        Assert.Contains("renamed to secret/new at ", (await AskAsync(registry, "GET", "show?repository=own/app", "alice")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_challenge_names_the_scopes_of_both_names()
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, AuthenticationKind.BuiltInToken);

        var refused = Check.Problem(401, "UNAUTHORIZED", "authentication required", await RenameAsync(registry, "own/app", "push/new", null));
        Assert.Contains("scope=\"repository:own/app:pull,push,delete repository:push/new:pull,push\"", refused["WWW-Authenticate"], StringComparison.Ordinal);
        Assert.Contains(
            "scope=\"repository:own/app:pull,delete\"", (await AskAsync(registry, "POST", "delete?repository=own/app", null))["WWW-Authenticate"], StringComparison.Ordinal);

        // A token for one of the names does not do.
        Check.Status(401, await WithTokenAsync("scope=repository:own/app:pull,push,delete"));
        Check.Status(401, await WithTokenAsync("scope=repository:own/app:push&scope=repository:push/new:push"));
        Check.Status(200, await WithTokenAsync("scope=repository:own/app:push,delete&scope=repository:push/new:push"));

        async Task<Answer> WithTokenAsync(string scopes)
        {
            var token = await registry.Client.GetAnswerAsync($"/token?{scopes}", AccessFolder.Basic("bob"));
            return await registry.Client.RequestAsync(
                "POST", "/api/v1/repositories/rename?repository=own/app&to=push/new", [], Json, AccessFolder.Bearer(token.Json.GetProperty("token").GetString()!));
        }
    }

    [Fact]
    public async Task Renames_and_deletions_have_their_audit_lines()
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, AuthenticationKind.Basic);
        Check.Status(200, await RenameAsync(registry, "own/app", "own/new", "alice"));
        Check.Status(403, await RenameAsync(registry, "pull/app", "own/app", "bob"));
        var size = Check.Status(200, await AskAsync(registry, "POST", "delete?repository=own/new", "alice")).Json.GetProperty("bytes").GetInt64();
        Check.Status(403, await AskAsync(registry, "POST", "delete?repository=pull/app", "bob"));
        Check.Status(200, await AskAsync(registry, "POST", "restore?repository=own/new", "alice"));

        foreach (var line in new[]
        {
            "audit: rename-repository own/app to own/new by user alice from 127.0.0.1: done ",
            "audit: rename-repository pull/app to own/app by user bob from 127.0.0.1: DENIED ",
            $"audit: delete-repository own/new, 1 manifest, 1 tag, {size} B by user alice from 127.0.0.1: done ",
            "audit: delete-repository pull/app by user bob from 127.0.0.1: DENIED ",
            "audit: restore-repository own/new, 1 manifest, 1 tag by user alice from 127.0.0.1: done ",
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
        foreach (var name in Kept.Append("own"))
        {
            await alice.PushAsync($"{name}/app", TestImage.Create(), "latest");
        }

        return registry;
    }

    private static Task<Answer> RenameAsync(TestRegistry registry, string from, string to, string? user) =>
        AskAsync(registry, "POST", $"rename?repository={from}&to={to}", user);

    private static Task<Answer> AskAsync(TestRegistry registry, string method, string request, string? user) => registry.Client.RequestAsync(
        method,
        $"/api/v1/repositories/{request}",
        method == "POST" ? [] : null,
        [.. method == "POST" ? [Json] : Array.Empty<(string, string)>(), .. user is null ? [] : new[] { AccessFolder.Basic(user) }]);
}
