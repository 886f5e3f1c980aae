using System.Runtime.CompilerServices;
using Registry.Core.Access;
using Registry.Core.Access.Rules;
using Registry.Server.Endpoints;
using Registry.Server.Endpoints.Probes;
using Registry.Server.Endpoints.Tokens;
using Registry.Server.Requests;

namespace Registry.Server.Tests.Access;

/// <summary>Every route, requested by every kind of caller, under every kind of authentication and denial.</summary>
public sealed class AccessMatrixTests
{
    private const RepositoryActions Pull = RepositoryActions.Pull;
    private const RepositoryActions Push = RepositoryActions.Push;
    private const RepositoryActions Delete = RepositoryActions.Delete;
    private const RepositoryActions Nothing = RepositoryActions.None;

    // The rules beside the default, the default, and what then is left of team/app for alice and for callers without credentials.
    public static TheoryData<string, string, RepositoryActions, RepositoryActions> WaysToDeny => new()
    {
        { "", "deny", Nothing, Nothing },
        { Rule("team/**", "alice", ""), "allow", Nothing, Nothing },
        { Rule("team/**", "*", ""), "allow", Nothing, Nothing },
        { Rule("team/**", "alice", "") + "," + Rule("**", "*", "pull", "push", "delete"), "allow", Nothing, Nothing },
        { Rule("team/**", "alice", "pull") + "," + Rule("**", "alice", "push", "delete"), "allow", Pull, Nothing },
        { Rule("**", "alice", "pull", "push") + "," + Rule("team/app", "alice", "delete"), "deny", Pull | Push, Nothing },
        { Rule("team/app", "alice", "push"), "deny", Push, Nothing },
        { Rule("team/app", "alice", "delete"), "deny", Delete, Nothing },
        { Rule("team/app", "bob", "pull", "push", "delete"), "deny", Nothing, Nothing },
        { Rule("team", "alice", "pull", "push", "delete"), "deny", Nothing, Nothing },
        { Rule("*", "alice", "pull", "push", "delete"), "deny", Nothing, Nothing },
        { Rule("team/app/**", "alice", "pull", "push", "delete"), "deny", Nothing, Nothing },
        { Rule("team/*", "$anonymous", "pull", "push", "delete"), "deny", Nothing, RepositoryActions.All },
        { Rule("team/*", "$anonymous", ""), "allow", RepositoryActions.All, Nothing },
        { Rule("team/*", "$anonymous", "pull") + "," + Rule("team/*", "*", "push"), "deny", Push, Pull },
    };

    [Theory]
    [InlineData(AuthenticationKind.None)]
    [InlineData(AuthenticationKind.Basic)]
    [InlineData(AuthenticationKind.Token)]
    [InlineData(AuthenticationKind.BuiltInToken)]
    public async Task Every_route_answers_every_caller_by_the_rules(AuthenticationKind kind)
    {
        using var folder = new AccessFolder();
        var time = new ShiftedClock();
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, kind), time: time);
        var callers = await AccessCaller.AllAsync(registry, folder, kind, time);
        foreach (var route in Routes())
        {
            foreach (var caller in callers)
            {
                await ExpectAsync(registry, route, "team/app", caller, caller.Rights);

                // Every caller can pull public content; no caller can change it, whatever its other permissions.
                await ExpectAsync(registry, route, "public/app", caller, caller.IsAdmin ? RepositoryActions.All : Pull);
            }
        }
    }

    [Theory]
    [MemberData(nameof(WaysToDeny))]
    public async Task What_is_denied_is_denied_on_every_route(string rules, string policy, RepositoryActions alice, RepositoryActions anonymous)
    {
        using var folder = new AccessFolder($$"""{"defaultPolicy":"{{policy}}","adminUsers":["admin"],"rules":[{{rules}}]}""");
        foreach (var kind in new[] { AuthenticationKind.Basic, AuthenticationKind.Token })
        {
            await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, kind));
            AccessCaller[] callers =
            [
                AccessCaller.Anonymous(kind) with { Rights = anonymous },
                AccessCaller.Good(folder, kind, "alice") with { Rights = alice },
                AccessCaller.Good(folder, kind, "admin") with { Rights = RepositoryActions.All, IsAdmin = true },
            ];
            foreach (var route in Routes().Where(route => route.HasName))
            {
                foreach (var caller in callers)
                {
                    await ExpectAsync(registry, route, "team/app", caller, caller.Rights);
                }
            }
        }
    }

    [Theory]
    [InlineData(AuthenticationKind.Basic)]
    [InlineData(AuthenticationKind.Token)]
    [InlineData(AuthenticationKind.BuiltInToken)]
    public async Task What_is_denied_looks_like_what_is_not_there(AuthenticationKind kind)
    {
        using var folder = new AccessFolder();
        var time = new ShiftedClock();
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, kind), time: time);
        var callers = await AccessCaller.AllAsync(registry, folder, kind, time);
        var compared = 0;

        // A tag, a deleted manifest and a deleted blob, all under the names that the routes are asked for.
        foreach (var repository in new[] { "team/app", "public/app" })
        {
            await FillAsync(repository);
        }

        foreach (var route in Routes().Where(route => route.HasName))
        {
            foreach (var (caller, repository, rights) in callers.SelectMany(caller => new[]
            {
                (caller, "team/app", caller.Rights), (caller, "public/app", caller.IsAdmin ? RepositoryActions.All : Pull),
            }))
            {
                if (Expected(route, caller, rights) is null)
                {
                    continue;
                }

                var none = $"{repository.Split('/')[0]}/nil";
                var there = await AskAsync(route, caller, repository);
                var missing = await AskAsync(route, caller, none);
                Assert.Equal(Describe(there, repository), Describe(missing, none));
                compared++;
            }
        }

        Assert.True(compared > 200, $"{compared} were compared");

        // What was refused has changed nothing.
        foreach (var repository in new[] { "team/app", "public/app" })
        {
            Check.Status(200, await registry.Client.HeadAnswerAsync($"/v2/{repository}/manifests/latest", AdminOf()));
            Assert.Equal(1, (await registry.Client.GetAnswerAsync($"/api/v1/trash?repository={repository}", AdminOf())).Json.GetProperty("entries").GetArrayLength());
        }

        Task<Answer> AskAsync(Route route, AccessCaller caller, string name) =>
            registry.Client.RequestAsync(route.Method, Fill(route.Template, name), null, caller.Header is { } header ? [header] : []);

        (string, string) AdminOf() => callers.Last(caller => caller.IsAdmin).Header!.Value;

        async Task FillAsync(string repository)
        {
            using var admin = new HttpClient { BaseAddress = registry.Client.BaseAddress };
            admin.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AdminOf().Item2);
            await admin.PushBlobAsync(repository, TestBlob.OfText("x"));
            await admin.PushAsync(repository, TestImage.Create(), "latest");
            var deleted = await admin.PushAsync(repository, TestImage.Create(), "deleted");
            Check.Status(202, await admin.RequestAsync("DELETE", $"/v2/{repository}/manifests/{deleted.Digest}"));
        }

        // A challenge names the repository.
        static string Describe(Answer answer, string name) =>
            $"{answer.Status} {answer["Content-Type"]} {answer["Allow"]} {answer["WWW-Authenticate"]?.Replace(name, "<name>", StringComparison.Ordinal)} {(answer["X-Request-Id"] is { } id ? answer.Text.Replace(id, "", StringComparison.Ordinal) : answer.Text)}";
    }

    [Fact]
    public void Every_route_is_in_the_matrix_and_every_change_needs_more_than_pull()
    {
        Assert.Equal(97, Routes().Count);
        Assert.All(Routes().Where(route => route.Method is not ("GET" or "HEAD")), route => Assert.True(
            route.Permission is Permission.Push or Permission.Delete or Permission.Maintain || route.Template == "/token", $"{route.Method} {route.Template}"));
        Assert.All(Routes().Where(route => route.HasName), route => Assert.True(
            route.Permission is Permission.Pull or Permission.Push or Permission.Delete, $"{route.Method} {route.Template}"));
    }

    private static async Task ExpectAsync(TestRegistry registry, Route route, string name, AccessCaller caller, RepositoryActions rights)
    {
        if (route.Template == "/token" && caller.Kind != AuthenticationKind.BuiltInToken)
        {
            return;
        }

        var path = Fill(route.Template, name);
        var answer = await registry.Client.RequestAsync(route.Method, path, null, caller.Header is { } header ? [header] : []);
        var expected = Expected(route, caller, rights);
        var what = $"{route.Method} {path} under {caller.Kind} as {caller.Name}: {answer}";
        Assert.True(expected is null ? answer.Status is not (401 or 403 or 429 or >= 500) : answer.Status == expected, what);
        Assert.True(answer.Status == 401 == (answer["WWW-Authenticate"] is not null), what);
    }

    // Null for whatever the operation says.
    private static int? Expected(Route route, AccessCaller caller, RepositoryActions rights)
    {
        var isOpen = caller.Kind == AuthenticationKind.None;
        if (route.Permission == Permission.Public)
        {
            // Tokens are requested with passwords; another test covers forms. Health checks are public.
            return route is { Template: "/token", Method: "GET" or "HEAD" } && (caller.IsBad || caller.HasToken) ? 401 : null;
        }

        var needed = route.Permission switch
        {
            Permission.Pull => Pull,
            Permission.Push => Push,
            Permission.Delete => Delete,
            _ => Nothing,
        } | (route.AlsoPulls ? Pull : Nothing) | (route.AlsoPushes ? Push : Nothing);
        return caller.IsBad && !isOpen ? 401
            : caller.IsOfOther && route.Permission is (Permission.Catalog or Permission.Maintain) ? 401
            : caller.IsOfOther && route.HasName ? (caller.Kind == AuthenticationKind.Token || rights.HasFlag(needed) ? 401 : 403)
            : route.Permission is Permission.Enter or Permission.Catalog ? (caller.IsAnonymous && !isOpen ? 401 : null)
            : route.Permission == Permission.Maintain && caller.IsAdmin ? null
            : route.Permission != Permission.Maintain && rights.HasFlag(needed) ? null
            : caller.IsAnonymous && !isOpen ? 401 : 403;
    }

    private static string Rule(string repository, string user, params string[] permissions) =>
        $$"""{"repository":"{{repository}}","users":["{{user}}"],"permissions":[{{string.Join(',', permissions.Where(word => word.Length > 0).Select(word => $"\"{word}\""))}}]}""";

    // HEAD goes where GET goes, with a row of its own or without.
    internal static IReadOnlyList<Route> Routes()
    {
        var table = RouteTable.Create(
            Never<BlobEndpoints>(), Never<UploadEndpoints>(), Never<ManifestEndpoints>(), Never<ListEndpoints>(), Never<ReferrerEndpoints>(),
            Never<TagEndpoints>(), Never<TrashEndpoints>(), Never<RepositoryEndpoints>(), Never<SpaceEndpoints>(), Never<InventoryEndpoints>(), Never<ActivityEndpoints>(), Never<ChangeEndpoints>(), Never<MaintenanceEndpoints>(), Never<PolicyEndpoints>(), Never<MirrorEndpoints>(), Never<EventEndpoints>(), Never<HealthEndpoints>(), Never<TokenEndpoint>());
        var heads = table.Where(route => route.Method == "GET").Select(route => route with { Method = "HEAD" });
        return [.. table.UnionBy(heads, route => (route.Method, route.Template))];
    }

    private static T Never<T>() => (T)RuntimeHelpers.GetUninitializedObject(typeof(T));

    internal static string Fill(string template, string name) => template.Replace("<name>", name, StringComparison.Ordinal)
        .Replace("<digest>", TestBlob.OfText("x").Digest, StringComparison.Ordinal).Replace("<reference>", "latest", StringComparison.Ordinal)
        .Replace("<uuid>", Guid.Empty.ToString(), StringComparison.Ordinal);
}
