using Registry.Core.Access;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Web;

namespace Registry.Server.Tests.Policies;

/// <summary>What pages show of the rules about repositories.</summary>
public sealed class PolicyPageTests : IAsyncLifetime
{
    private const string Deletion = "/repositories/team/app/-/delete";

    private readonly AccessFolder _access = new();
    private readonly PolicyFolder _policy = new("""{ "rules": [{ "repository": "team/**", "immutableTags": ["v*"], "quota": { "bytes": "5GiB" } }] }""");
    private TestRegistry _registry = null!;
    private Visitor _alice = null!;
    private TestImage _image = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync(options => _policy.Configure(_access.Configure(options, AuthenticationKind.Basic)));
        using var pusher = new HttpClient { BaseAddress = _registry.Client.BaseAddress };
        pusher.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("alice").Item2);
        _image = await pusher.PushAsync("team/app", TestImage.Create(), "v1", "next");
        await pusher.PushAsync("team/app", TestImage.Create(), "latest");
        _alice = await Visitor.EnterAsync(_registry.Client, "alice");
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _access.Dispose();
        _policy.Dispose();
    }

    [Fact]
    public async Task An_immutable_tag_says_so_before_it_is_deleted()
    {
        const string Chip = """v1 <span class="kind" title="rule 1 (line 1: &quot;team/**&quot;)">immutable</span>""";
        var list = Check.Status(200, await _alice.OpenAsync("/repositories/team/app")).Text;
        Assert.Contains(Chip.Replace("v1 ", "v1</a> ", StringComparison.Ordinal), list, StringComparison.Ordinal);
        Assert.Equal(2, list.Split("immutable").Length);
        Assert.Contains($"{Chip}</th>", Check.Status(200, await _alice.OpenAsync($"{Deletion}?tag=v1")).Text, StringComparison.Ordinal);

        // It would go with its image.
        Assert.Contains("""<span class="kind">v1</span> <span class="kind" title="rule 1""", Check.Status(200, await _alice.OpenAsync($"{Deletion}?tag=next")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_rule_keeps_comes_first_and_is_named()
    {
        var page = Check.Status(200, await _alice.OpenAsync($"{Deletion}?tag=latest&tag=v1"));
        Assert.Contains("Delete 2 tags from <bdi>team/app</bdi>?", page.Text, StringComparison.Ordinal);

        var done = Check.Status(200, await SubmitAsync(page, "images")).Text;

        Assert.Contains("""<div class="fault" role="status"><p>Deleted: 1 of 2 images.</p></div>""", done, StringComparison.Ordinal);
        var kept = done.IndexOf("<bdi>v1</bdi>: <bdi>not deleted: the tag is immutable; v1 of team/app is kept by rule 1", StringComparison.Ordinal);
        Assert.InRange(kept, 0, done.IndexOf("<bdi>latest</bdi>: <bdi>deleted</bdi>", StringComparison.Ordinal));
        Check.Status(200, await _registry.Client.HeadAnswerAsync($"/v2/team/app/manifests/{_image.Digest}", AccessFolder.Basic("admin")));
    }

    [Fact]
    public async Task An_admin_sees_the_rules_in_force()
    {
        var admin = await Visitor.EnterAsync(_registry.Client, "admin");

        var page = Check.Status(200, await admin.OpenAsync("/administration/users")).Text;

        Assert.Contains("Rules about repositories", page, StringComparison.Ordinal);
        Assert.Contains("tags &quot;v*&quot; are immutable; its repositories may refer to 5GiB together", page, StringComparison.Ordinal);
    }

    private Task<Answer> SubmitAsync(Answer page, string what) =>
        _alice.PostAsync(Deletion, ("token", Visitor.TokenOf(page)), ("items", Visitor.FieldOf(page, "items")), ("what", what));
}
