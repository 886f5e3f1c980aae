using Registry.Core.Access;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Activity;

/// <summary>Callers of the activity: each sees what happened where the caller may pull, and admins alone see from where.</summary>
public sealed class ActivityAccessTests
{
    private const string Rules = """
        {
          "defaultPolicy": "deny",
          "adminUsers": ["admin"],
          "rules": [
            { "repository": "read/**", "users": ["bob"], "permissions": ["pull"] },
            { "repository": "**", "users": ["alice"], "permissions": ["pull", "push", "delete"] }
          ]
        }
        """;

    public static TheoryData<AuthenticationKind> Kinds => new(AuthenticationKind.Basic, AuthenticationKind.BuiltInToken);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Each_caller_sees_what_happened_where_the_caller_may_pull(AuthenticationKind kind)
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, kind);

        Check.Status(401, await registry.Client.GetAnswerAsync("/api/v1/activity/all"));
        Assert.Equal(["read/app"], await ListAsync("bob", "?n=100"));
        Assert.Equal(["read/app"], await ListAsync("bob", "?n=1"));
        Assert.Equal(["secret/app", "read/app"], await ListAsync("alice", "?n=3"));
        Assert.Equal(["secret/app", "read/app"], await ListAsync("admin", "?n=100"));

        Check.Status(401, await registry.Client.GetAnswerAsync("/api/v1/activity?repository=read/app"));
        Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/activity?repository=read/app", AccessFolder.Basic("bob")));
        var hidden = await registry.Client.GetAnswerAsync("/api/v1/activity?repository=secret/app", AccessFolder.Basic("bob"));
        var missing = await registry.Client.GetAnswerAsync("/api/v1/activity?repository=secret/nil", AccessFolder.Basic("bob"));
        Assert.Equal((403, Anonymous(hidden)), (missing.Status, Anonymous(missing)));

        async Task<List<string>> ListAsync(string user, string query)
        {
            var repositories = new List<string>();
            for (var path = $"/api/v1/activity/all{query}"; path is not null;)
            {
                var page = Check.Status(200, await registry.Client.GetAnswerAsync(path, AccessFolder.Basic(user)));
                repositories.AddRange(page.Json.GetProperty("changes").EnumerateArray().Select(change => change.GetProperty("repository").GetString()!));
                path = page.Json.TryGetProperty("next", out var next) ? next.GetString() : null;
            }

            return [.. repositories.Distinct()];
        }
    }

    [Fact]
    public async Task What_happened_under_a_hidden_name_stays_hidden_after_a_rename()
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, AuthenticationKind.Basic);
        Check.Status(200, await registry.Client.RequestAsync(
            "POST", "/api/v1/repositories/rename?repository=secret/app&to=read/new", [], ("Content-Type", "application/json"), AccessFolder.Basic("alice")));

        var bob = Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/activity?repository=read/new", AccessFolder.Basic("bob")));
        Assert.DoesNotContain("secret", bob.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/activity/all", AccessFolder.Basic("bob"))).Text, StringComparison.Ordinal);
        var alice = Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/activity?repository=read/new", AccessFolder.Basic("alice")));
        Assert.Equal(3, alice.Json.GetProperty("changes").GetArrayLength());
    }

    [Fact]
    public async Task Admins_alone_see_where_a_change_comes_from()
    {
        using var folder = new AccessFolder(Rules);
        await using var registry = await StartAsync(folder, AuthenticationKind.Basic);

        var admin = await registry.Client.GetAnswerAsync("/api/v1/activity?repository=read/app&n=1", AccessFolder.Basic("admin"));
        var bob = await registry.Client.GetAnswerAsync("/api/v1/activity?repository=read/app&n=1", AccessFolder.Basic("bob"));

        Assert.Contains("\"actor\":\"alice\",\"address\":\"127.0.0.1\"", admin.Text, StringComparison.Ordinal);
        Assert.Contains("""{"source":"request","actor":"alice"}""", bob.Text, StringComparison.Ordinal);
    }

    private static string Anonymous(Answer answer) => answer.Text.Replace(answer["X-Request-Id"]!, string.Empty, StringComparison.Ordinal);

    private static async Task<TestRegistry> StartAsync(AccessFolder folder, AuthenticationKind kind)
    {
        var registry = await TestRegistry.StartAsync(options => folder.Configure(options, kind));
        using var alice = new HttpClient { BaseAddress = registry.Client.BaseAddress };
        alice.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("alice").Item2);
        await alice.PushAsync("read/app", TestImage.Create(), "latest");
        await alice.PushAsync("secret/app", TestImage.Create(), "latest");
        return registry;
    }
}
