using Registry.Core.Access;
using Registry.Server.Configuration;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Web.Administration;

/// <summary>What admins see of the registry: its state, its settings, its users and its rules.</summary>
public sealed class AdministrationPageTests : IAsyncLifetime
{
    private const string Rules = """
        {
          "defaultPolicy": "deny",
          "adminUsers": ["admin"],
          "rules": [
            { "repository": "public/**", "users": ["$anonymous", "*"], "permissions": ["pull"] },
            { "repository": "team/**", "users": ["alice", "<i>eve</i>"], "permissions": ["pull", "push"] },
            { "repository": "team/old", "users": ["*"], "permissions": [] }
          ]
        }
        """;

    private static readonly IReadOnlyList<EffectiveSetting> Settings = OptionsReader.Read(new SettingSources(
        new Dictionary<string, string> { ["REGISTRY_UI_TITLE"] = "<b>Ours</b>" },
        new Dictionary<string, string> { ["REGISTRY_TRASH"] = "3d", ["REGISTRY_S3_SECRET_KEY"] = "canary-of-the-bucket" })).Settings;

    private readonly AccessFolder _folder = new(Rules);
    private TestRegistry _registry = null!;
    private Visitor _admin = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync(options => _folder.Configure(options, AuthenticationKind.BuiltInToken), settings: Settings);
        _admin = new Visitor(_registry.Client);
        Check.Status(303, await _admin.LogInAsync("admin", AccessFolder.Password("admin")));
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Without_a_mirror_its_page_says_so() =>
        Assert.Contains("Nothing is mirrored: REGISTRY_MIRROR_CONFIG is not set", Check.Status(200, await _admin.OpenAsync("/administration/mirror")).Text, StringComparison.Ordinal);

    [Fact]
    public async Task The_state_tells_what_readiness_tells_and_more()
    {
        var page = Check.Status(200, await _admin.OpenAsync("/administration")).Text;
        foreach (var check in Check.Status(200, await _registry.Client.GetAnswerAsync("/readyz")).Json.GetProperty("checks").EnumerateObject())
        {
            Assert.Contains($"""<th scope="row">{check.Name}</th><td class="good">ok</td>""", page, StringComparison.Ordinal);
        }

        Assert.Contains("<dt>Version</dt><dd>", page, StringComparison.Ordinal);
        Assert.Contains($"<bdi>{Environment.MachineName}</bdi>", page, StringComparison.Ordinal);
        Assert.Contains("<dt>Stored</dt><dd>0 blobs of ", page, StringComparison.Ordinal);
        Assert.Contains("0 manifests, which hold ", page, StringComparison.Ordinal);
        Assert.Contains("each is kept for 7 days", page, StringComparison.Ordinal);
        Assert.Contains("once in 30 days", page, StringComparison.Ordinal);
        if (TestRegistry.Stores is null)
        {
            Assert.Contains($"<bdi>SQLite in {_registry.StoragePath}</bdi>", page, StringComparison.Ordinal);
            Assert.Contains("of which pushes leave ", page, StringComparison.Ordinal);
            Assert.DoesNotContain("Other nodes", page, StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains("<dt>Other nodes</dt><dd>none runs</dd>", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_read_only_registry_says_so_in_its_state()
    {
        _registry.Host.ReadOnly.TurnOn();
        var page = Check.Status(200, await _admin.OpenAsync("/administration")).Text;
        Assert.Contains("""<th scope="row">read-only</th><td class="bad">warning</td><td class="name">read-only: pulls work, pushes and deletes are refused</td>""", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_have_their_origin_and_no_secrets()
    {
        var page = Check.Status(200, await _admin.OpenAsync("/administration/settings")).Text;
        Assert.Contains("<code>REGISTRY_UI_TITLE</code></th><td class=\"name\"><bdi>&lt;b&gt;Ours&lt;/b&gt;</bdi></td><td class=\"\"><bdi>option --ui-title</bdi>", page, StringComparison.Ordinal);
        Assert.Contains("<code>REGISTRY_TRASH</code></th><td class=\"name\"><bdi>3d</bdi></td><td class=\"\"><bdi>environment</bdi>", page, StringComparison.Ordinal);
        Assert.Contains("<code>REGISTRY_PORT</code></th><td class=\"name\"><bdi>15000</bdi></td><td class=\"quiet\"><bdi>default</bdi>", page, StringComparison.Ordinal);
        Assert.Contains("<code>REGISTRY_S3_SECRET_KEY</code>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Users_and_rules_are_those_in_force()
    {
        var page = Check.Status(200, await _admin.OpenAsync("/administration/users")).Text;
        Assert.Contains("3 users of the htpasswd file", page, StringComparison.Ordinal);
        Assert.Contains("<li><bdi>admin</bdi> <span class=\"kind\">admin</span></li><li><bdi>alice</bdi></li><li><bdi>bob</bdi></li>", page, StringComparison.Ordinal);
        Assert.Contains("<td class=\"number\">6</td><td class=\"name\"><code>team/**</code></td><td class=\"name\"><bdi>alice, &lt;i&gt;eve&lt;/i&gt;</bdi></td><td>pull, push</td>", page, StringComparison.Ordinal);
        Assert.Contains("<code>team/old</code></td><td class=\"name\"><bdi>*</bdi></td><td>nothing</td>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("$2", page, StringComparison.Ordinal);

        var old = await File.ReadAllTextAsync(_folder.UsersPath, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_folder.UsersPath, old + string.Concat(Enumerable.Range(0, 150).Select(i => $"user{i:000}:{old.Split('\n')[1].Split(':')[1]}\n")), TestContext.Current.CancellationToken);
        _registry.Host.Reload();
        page = Check.Status(200, await _admin.OpenAsync("/administration/users")).Text;
        Assert.Contains("153 users", page, StringComparison.Ordinal);
        Assert.Contains("<bdi>user096</bdi>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<bdi>user097</bdi>", page, StringComparison.Ordinal);
        Assert.Contains("/administration/users?last=user096", page, StringComparison.Ordinal);
        page = Check.Status(200, await _admin.OpenAsync("/administration/users?last=user096")).Text;
        Assert.Contains("<ul><li><bdi>user097</bdi></li>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Next page", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alice", "push", "team/app", "allowed: rule 2 (line 6: &quot;team/**&quot; for alice, &lt;i&gt;eve&lt;/i&gt;) is the first that matches; it allows pull, push.</bdi>")]
    [InlineData("alice", "delete", "team/app", "denied: rule 2 ")]
    [InlineData("admin", "delete", "team/app", "allowed: &#39;admin&#39; is one of adminUsers; it allows pull, push, delete.</bdi>")]
    [InlineData("$anonymous", "pull", "public/app", "allowed: rule 1 ")]
    [InlineData("bob", "pull", "secret/app", "denied: no rule matches, and defaultPolicy is &quot;deny&quot;; it allows nothing.</bdi>")]
    [InlineData("<script>", "pull", "public/app", "it allows pull. There is no such user now.</bdi>")]
    public async Task The_rules_are_asked(string user, string action, string repository, string answer)
    {
        var page = Check.Status(200, await AskAsync(user, action, repository)).Text;
        Assert.Contains(answer, page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
        Assert.Contains($"<option selected value=\"{action}\">", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alice", "read", "team/app", "&#39;read&#39; is not an action; allowed: pull, push, delete")]
    [InlineData("alice", "pull", "Team/App", "&#39;Team/App&#39; is not a repository name")]
    public async Task What_cannot_be_asked_is_named(string user, string action, string repository, string detail) =>
        Assert.Contains(detail, Check.Status(400, await AskAsync(user, action, repository)).Text, StringComparison.Ordinal);

    [Theory]
    [InlineData(AuthenticationKind.None, true, "the pages have no log-in")]
    [InlineData(AuthenticationKind.Token, true, "the pages have no log-in")]
    [InlineData(AuthenticationKind.Basic, false, "REGISTRY_ACCESS_CONTROL_CONFIG")]
    public async Task Where_no_caller_is_an_admin_the_pages_tell_why(AuthenticationKind kind, bool hasRules, string reason)
    {
        await using var registry = await TestRegistry.StartAsync(options => _folder.Configure(options, kind) with { AccessControlPath = hasRules ? _folder.RulesPath : null });
        var visitor = new Visitor(registry.Client);
        var page = Check.Status(403, await visitor.OpenAsync("/administration"));
        Assert.Contains("nobody is known to be an admin", page.Text, StringComparison.Ordinal);
        Assert.Contains(reason, page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"/administration", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"/administration", Check.Status(kind == AuthenticationKind.Basic ? 303 : 200, await visitor.OpenAsync("/")).Text, StringComparison.Ordinal);
        Check.Status(403, await visitor.PostAsync("/administration/maintenance/read-only", ("mode", "on")));
        Assert.False(registry.Host.ReadOnly.IsOn);
    }

    private Task<Answer> AskAsync(string user, string action, string repository) =>
        _admin.OpenAsync($"/administration/users?user={Uri.EscapeDataString(user)}&action={action}&repository={Uri.EscapeDataString(repository)}");
}
