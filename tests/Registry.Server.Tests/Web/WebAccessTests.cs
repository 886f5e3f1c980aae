using Registry.Core.Access;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Web;

/// <summary>What visitors without a log-in, users and admins see and may do on the pages.</summary>
public sealed class WebAccessTests : IAsyncLifetime
{
    private readonly AccessFolder _folder = new();
    private TestRegistry _registry = null!;
    private TestImage _image = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync(options => _folder.Configure(options, AuthenticationKind.BuiltInToken));
        _image = TestImage.Create();
        foreach (var name in new[] { "public/tool", "team/app", "secret/plan" })
        {
            await PushAsync(name, "v1", _image);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_visitor_sees_what_everyone_may_pull()
    {
        var visitor = new Visitor(_registry.Client);

        var page = Check.Status(200, await visitor.OpenAsync("/"));

        Assert.Contains(">public/tool<", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("team/app", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", page.Text, StringComparison.Ordinal);
        Assert.Contains("href=\"/login\"", page.Text, StringComparison.Ordinal);
        Check.Status(200, await visitor.OpenAsync("/repositories/public/tool/-/tags/v1"));
    }

    [Theory]
    [InlineData("/repositories/team/app")]
    [InlineData("/repositories/secret/nothing")]
    [InlineData("/repositories/team/app/-/tags/v1")]
    [InlineData("/repositories/public/tool/-/rollback/v1?to=x")]
    public async Task A_visitor_is_led_to_the_log_in_whatever_is_stored(string path)
    {
        var answer = Check.Status(303, await new Visitor(_registry.Client).OpenAsync(path));

        Assert.Equal($"/login?next={Uri.EscapeDataString(path)}", answer.Location);
        Assert.Null(answer["WWW-Authenticate"]);
        Assert.Equal("private, no-store", answer["Cache-Control"]);
    }

    [Fact]
    public async Task A_user_is_told_of_what_is_denied_as_of_what_does_not_exist()
    {
        var alice = await LogInAsync("alice");

        var denied = Check.Status(404, await alice.OpenAsync("/repositories/secret/plan/-/tags/v1"));
        var missing = Check.Status(404, await alice.OpenAsync("/repositories/secret/none/-/tags/v1"));

        Assert.Equal(WithoutId(missing), WithoutId(denied));
        Assert.DoesNotContain("secret", (await alice.OpenAsync("/")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", (await alice.OpenAsync("/space")).Text, StringComparison.Ordinal);

        string WithoutId(Answer answer) => answer.Text.Replace(answer["X-Request-Id"]!, "id", StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_admin_sees_everything()
    {
        var admin = await LogInAsync("admin");

        var page = (await admin.OpenAsync("/")).Text;

        Assert.All(new[] { ">public/tool<", ">team/app<", ">secret/plan<" }, name => Assert.Contains(name, page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_user_sets_a_tag_back_once_the_page_has_asked()
    {
        var alice = await LogInAsync("alice");
        var newer = TestImage.Create();
        await PushAsync("team/app", "v1", newer);

        Assert.Contains("Point back here", (await alice.OpenAsync("/repositories/team/app/-/history/v1")).Text, StringComparison.Ordinal);
        var path = $"/repositories/team/app/-/rollback/v1?to={_image.Digest}";
        var page = Check.Status(200, await alice.OpenAsync(path));
        Assert.Equal(newer.Digest, Visitor.FieldOf(page, "current"));
        var done = await alice.PostAsync(
            "/repositories/team/app/-/rollback/v1", ("token", Visitor.TokenOf(page)), ("to", _image.Digest), ("current", Visitor.FieldOf(page, "current")));

        Check.Status(303, done);
        Assert.Equal("/repositories/team/app/-/history/v1", done.Location);
        var head = await _registry.Client.HeadAnswerAsync("/v2/team/app/manifests/v1", AccessFolder.Basic("admin"));
        Assert.Equal(_image.Digest, head["Docker-Content-Digest"]);

        // The same form again: the tag is not any more what its page has shown.
        var again = await alice.PostAsync(
            "/repositories/team/app/-/rollback/v1", ("token", Visitor.TokenOf(page)), ("to", _image.Digest), ("current", newer.Digest));
        Check.Status(412, again);
    }

    [Fact]
    public async Task Who_may_only_pull_changes_nothing()
    {
        var bob = await LogInAsync("bob");

        Assert.DoesNotContain("Point back here", (await bob.OpenAsync("/repositories/public/tool/-/history/v1")).Text, StringComparison.Ordinal);
        Check.Status(403, await bob.OpenAsync($"/repositories/public/tool/-/rollback/v1?to={_image.Digest}"));
        Check.Status(403, await bob.PostAsync("/repositories/public/tool/-/rollback/v1", ("to", _image.Digest)));
        Check.Status(404, await bob.PostAsync("/repositories/team/app/-/rollback/v1", ("to", _image.Digest)));
        Check.Status(403, await bob.PostAsync($"/repositories/public/tool/-/purge/{_image.Digest}"));
    }

    [Fact]
    public async Task A_deleted_manifest_is_restored_and_purged()
    {
        var alice = await LogInAsync("alice");
        Check.Status(202, await _registry.Client.RequestAsync("DELETE", $"/v2/team/app/manifests/{_image.Digest}", null, AccessFolder.Basic("alice")));
        Assert.Contains("Restore", (await alice.OpenAsync("/repositories/team/app/-/trash")).Text, StringComparison.Ordinal);
        Assert.Contains("team/app", (await alice.OpenAsync("/trash")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("team/app", (await new Visitor(_registry.Client).OpenAsync("/trash")).Text, StringComparison.Ordinal);

        Check.Status(303, await ChangeAsync(alice, "restore"));
        Check.Status(200, await _registry.Client.HeadAnswerAsync("/v2/team/app/manifests/v1", AccessFolder.Basic("admin")));

        Check.Status(202, await _registry.Client.RequestAsync("DELETE", $"/v2/team/app/manifests/{_image.Digest}", null, AccessFolder.Basic("alice")));
        var purged = Check.Status(200, await ChangeAsync(alice, "purge"));
        Assert.Contains("Removed for ever", purged.Text, StringComparison.Ordinal);
        Check.Status(404, await alice.OpenAsync($"/repositories/team/app/-/restore/{_image.Digest}"));
    }

    [Fact]
    public async Task A_form_names_the_deletion_that_it_was_opened_for()
    {
        var alice = await LogInAsync("alice");
        Check.Status(202, await _registry.Client.RequestAsync("DELETE", $"/v2/team/app/manifests/{_image.Digest}", null, AccessFolder.Basic("alice")));
        var page = await alice.OpenAsync($"/repositories/team/app/-/purge/{_image.Digest}");

        var answer = await alice.PostAsync($"/repositories/team/app/-/purge/{_image.Digest}", ("token", Visitor.TokenOf(page)), ("id", "999999"));

        Check.Status(412, answer);
    }

    [Fact]
    public async Task An_external_token_service_leaves_what_everyone_may_pull()
    {
        await using var registry = await TestRegistry.StartAsync(options => _folder.Configure(options, AuthenticationKind.Token));
        var visitor = new Visitor(registry.Client);

        Assert.DoesNotContain("/login", (await visitor.OpenAsync("/")).Text, StringComparison.Ordinal);
        Check.Status(404, await visitor.OpenAsync("/repositories/team/app"));
        Check.Status(404, await visitor.OpenAsync("/login"));
    }

    private Task<Visitor> LogInAsync(string user) => Visitor.EnterAsync(_registry.Client, user);

    private static async Task<Answer> ChangeAsync(Visitor visitor, string change)
    {
        var entries = (await visitor.OpenAsync("/repositories/team/app/-/trash")).Text;
        var start = entries.IndexOf($"/-/{change}/", StringComparison.Ordinal) + $"/-/{change}/".Length;
        var digest = entries[start..].Split('"')[0];
        var path = $"/repositories/team/app/-/{change}/{digest}";
        var page = Check.Status(200, await visitor.OpenAsync(path));
        return await visitor.PostAsync(path, ("token", Visitor.TokenOf(page)), ("id", Visitor.FieldOf(page, "id")));
    }

    private async Task PushAsync(string name, string tag, TestImage image)
    {
        var admin = AccessFolder.Basic("admin");
        foreach (var blob in image.Blobs)
        {
            Check.Status(201, await _registry.Client.RequestAsync("POST", $"/v2/{name}/blobs/uploads/?digest={blob.Digest}", blob.Bytes, admin));
        }

        Check.Status(201, await _registry.Client.PutManifestAsync(name, tag, image, admin));
    }
}
