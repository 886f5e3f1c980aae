using System.Text;
using Registry.Core.Access;
using Registry.Core.Oci;
using Registry.Server.Commands.Access;

namespace Registry.Server.Tests.Access;

/// <summary>Access control beyond the matrix: information in responses, the grants of tokens, and the effect of edits.</summary>
public sealed class AccessTests
{
    [Fact]
    public async Task A_denied_caller_cannot_tell_what_exists()
    {
        using var folder = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Basic));
        var blob = TestBlob.Random(10);
        Check.Status(201, await registry.Client.RequestAsync("POST", $"/v2/team/real/blobs/uploads/?digest={blob.Digest}", blob.Bytes, AccessFolder.Basic("alice")));
        foreach (var name in new[] { "team/real", "team/none" })
        {
            Check.Error(403, "DENIED", "access forbidden", await registry.Client.GetAnswerAsync($"/v2/{name}/blobs/{blob.Digest}", AccessFolder.Basic("bob")));
            Check.Error(401, "UNAUTHORIZED", "authentication required", await registry.Client.GetAnswerAsync($"/v2/{name}/blobs/{blob.Digest}"));
        }

        // A caller that may push elsewhere learns nothing from a mount either.
        File.WriteAllText(folder.RulesPath, """{"defaultPolicy":"deny","rules":[{"repository":"own/**","users":["bob"],"permissions":["pull","push"]}]}""");
        await Eventually.HoldsAsync(
            async () => (await registry.Client.RequestAsync(
                "POST", $"/v2/own/app/blobs/uploads/?mount={blob.Digest}&from=team/real", null, AccessFolder.Basic("bob"))).Status == 202,
            "the edited rules are in force, and the mount from a forbidden repository is an upload");
        Check.Status(202, await registry.Client.RequestAsync("POST", $"/v2/own/app/blobs/uploads/?mount={blob.Digest}", null, AccessFolder.Basic("bob")));
    }

    // A PUT that is sent again is 201 when the blob is there: that is no way to ask for blobs.
    [Fact]
    public async Task A_caller_who_may_push_but_not_pull_learns_nothing_from_a_PUT_to_a_session_that_is_over()
    {
        using var folder = new AccessFolder(
            """{"defaultPolicy":"deny","rules":[{"repository":"drop/**","users":["alice"],"permissions":["push"]},{"repository":"drop/**","users":["bob"],"permissions":["pull","push"]}]}""");
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Basic));
        var blob = TestBlob.Random(10);
        Check.Status(201, await registry.Client.RequestAsync("POST", $"/v2/drop/box/blobs/uploads/?digest={blob.Digest}", blob.Bytes, AccessFolder.Basic("bob")));
        var put = $"/v2/drop/box/blobs/uploads/{Guid.NewGuid()}?digest={blob.Digest}";

        Check.Status(201, await registry.Client.RequestAsync("PUT", put, blob.Bytes, AccessFolder.Basic("bob")));
        Check.Error(
            404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry",
            await registry.Client.RequestAsync("PUT", put, blob.Bytes, AccessFolder.Basic("alice")));
    }

    [Fact]
    public async Task A_caller_that_may_delete_but_not_pull_learns_neither_manifests_nor_tags()
    {
        using var folder = new AccessFolder(
            """{"defaultPolicy":"deny","rules":[{"repository":"drop/**","users":["alice"],"permissions":["delete"]},{"repository":"drop/**","users":["bob"],"permissions":["pull","push","delete"]}]}""");
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Basic));
        var blob = TestBlob.Random(10);
        var image = TestImage.Create();
        foreach (var part in image.Blobs)
        {
            Check.Status(201, await registry.Client.RequestAsync("POST", $"/v2/drop/box/blobs/uploads/?digest={part.Digest}", part.Bytes, AccessFolder.Basic("bob")));
        }

        Check.Status(201, await registry.Client.RequestAsync("PUT", "/v2/drop/box/manifests/there", image.Manifest.Bytes, AccessFolder.Basic("bob"), ("Content-Type", TestImage.OciManifest)));
        var inUse = $"/v2/drop/box/blobs/{image.Blobs[0].Digest}";
        Assert.Contains(image.Digest, Check.Status(405, await registry.Client.RequestAsync("DELETE", inUse, null, AccessFolder.Basic("bob"))).Text, StringComparison.Ordinal);
        Assert.DoesNotContain(image.Digest, Check.Status(405, await registry.Client.RequestAsync("DELETE", inUse, null, AccessFolder.Basic("alice"))).Text, StringComparison.Ordinal);

        foreach (var condition in new[] { ("If-Match", $"\"{blob.Digest}\""), ("If-None-Match", "*") })
        {
            var there = await registry.Client.RequestAsync("DELETE", "/v2/drop/box/manifests/there", null, AccessFolder.Basic("alice"), condition);
            var none = await registry.Client.RequestAsync("DELETE", "/v2/drop/box/manifests/none", null, AccessFolder.Basic("alice"), condition);
            Assert.Equal((412, there.Text), ((int)Check.Status(412, none).Status, none.Text));
            Check.Status(404, await registry.Client.RequestAsync("DELETE", "/v2/drop/box/manifests/none", null, AccessFolder.Basic("bob"), condition));
        }
    }

    [Fact]
    public async Task A_caller_that_may_push_but_not_pull_learns_no_tags_by_pushes_that_cannot_succeed()
    {
        using var folder = new AccessFolder(
            """{"defaultPolicy":"deny","rules":[{"repository":"drop/**","users":["alice"],"permissions":["push"]},{"repository":"drop/**","users":["bob"],"permissions":["pull","push"]}]}""");
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Basic));
        var image = TestImage.Create();
        var incomplete = TestImage.Create();
        foreach (var part in image.Blobs)
        {
            Check.Status(201, await registry.Client.RequestAsync("POST", $"/v2/drop/box/blobs/uploads/?digest={part.Digest}", part.Bytes, AccessFolder.Basic("bob")));
        }

        Check.Status(201, await registry.Client.RequestAsync("PUT", "/v2/drop/box/manifests/there", image.Manifest.Bytes, AccessFolder.Basic("bob"), ("Content-Type", TestImage.OciManifest)));
        foreach (var condition in new[] { ("If-None-Match", "*"), ("If-Match", "*"), ("If-Match", $"\"{image.Digest}\"") })
        {
            var answers = new List<string>();
            foreach (var tag in new[] { "there", "none" })
            {
                var answer = await registry.Client.RequestAsync(
                    "PUT", $"/v2/drop/box/manifests/{tag}", incomplete.Manifest.Bytes, AccessFolder.Basic("alice"), ("Content-Type", TestImage.OciManifest), condition);
                answers.Add(Check.Error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown", answer).Text);
            }

            Assert.Single(answers.Distinct());
        }
    }

    [Fact]
    public async Task A_removed_user_and_a_changed_password_are_refused_at_once_and_passwords_are_in_no_log()
    {
        using var folder = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.BuiltInToken));
        var token = await TokenAsync(registry, "alice", "repository:team/app:pull,push");
        Check.Status(202, await registry.Client.RequestAsync("POST", "/v2/team/app/blobs/uploads/", null, token));
        HtpasswdEditor.Set(folder.UsersPath, "alice", "another");
        await Eventually.HoldsAsync(
            async () => (await registry.Client.RequestAsync("POST", "/v2/team/app/blobs/uploads/", null, token)).Status == 401, "the token is refused");
        Check.Status(401, await registry.Client.GetAnswerAsync("/v2/", AccessFolder.Basic("alice")));
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/", AccessFolder.Basic("alice", "another")));

        // A broken edit changes nothing but the log.
        File.AppendAllText(folder.UsersPath, "broken\n");
        await Eventually.HoldsAsync(
            () => Task.FromResult(registry.Log.Entries.Any(entry => entry.Message.Contains("not of the form user:hash", StringComparison.Ordinal))), "it is reported");
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/", AccessFolder.Basic("bob")));
        Assert.DoesNotContain(registry.Log.Entries, entry => entry.Message.Contains("canary", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_token_grants_what_was_asked_for_and_is_allowed()
    {
        using var folder = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.BuiltInToken));
        var challenge = (await registry.Client.RequestAsync("POST", "/v2/public/app/blobs/uploads/"))["WWW-Authenticate"];
        Assert.Equal(
            $"Bearer realm=\"{registry.Client.BaseAddress}token\",service=\"{AccessFolder.Service}\",scope=\"repository:public/app:pull,push\"", challenge);

        var partial = await TokenAsync(registry, "bob", "repository:public/app:pull,push repository:team/app:pull");
        Check.Status(404, await registry.Client.GetAnswerAsync("/v2/public/app/tags/list", partial));
        Check.Error(403, "DENIED", "access forbidden", await registry.Client.RequestAsync("POST", "/v2/public/app/blobs/uploads/", null, partial));

        // Allowed by the rules, not by this token: another one would do.
        var other = await TokenAsync(registry, "alice", "repository:team/app:pull");
        var insufficient = await registry.Client.RequestAsync("POST", "/v2/team/app/blobs/uploads/", null, other);
        Check.Status(401, insufficient);
        Assert.EndsWith("error=\"insufficient_scope\"", insufficient["WWW-Authenticate"], StringComparison.Ordinal);

        var anonymous = (await registry.Client.GetAnswerAsync("/token?scope=repository:public/app:pull")).Json.GetProperty("token").GetString();
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/", ("Authorization", $"Bearer {anonymous}")));
        Check.Status(404, await registry.Client.GetAnswerAsync("/v2/public/app/tags/list", ("Authorization", $"Bearer {anonymous}")));
        Check.Status(401, await registry.Client.GetAnswerAsync("/token", AccessFolder.Basic("alice", "wrong")));
    }

    [Fact]
    public async Task The_catalog_shows_what_the_caller_may_pull_whatever_else_the_token_covers()
    {
        using var folder = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.BuiltInToken));
        var index = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[]}""");
        foreach (var name in new[] { "public/app", "team/app" })
        {
            Check.Status(201, await registry.Client.RequestAsync(
                "PUT", $"/v2/{name}/manifests/latest", index, AccessFolder.Basic("admin"), ("Content-Type", MediaTypes.OciIndex)));
        }

        Assert.Equal(["public/app", "team/app"], Listed(await registry.Client.GetAnswerAsync("/v2/_catalog", await TokenAsync(registry, "alice", "registry:catalog:*"))));
        Assert.Equal(["public/app"], Listed(await registry.Client.GetAnswerAsync("/v2/_catalog", await TokenAsync(registry, "bob", "registry:catalog:*"))));

        var challenge = Check.Status(401, await registry.Client.GetAnswerAsync("/v2/_catalog"));
        Assert.Equal(
            $"Bearer realm=\"{registry.Client.BaseAddress}token\",service=\"{AccessFolder.Service}\",scope=\"registry:catalog:*\"", challenge["WWW-Authenticate"]);
        Assert.Equal(["public/app"], Listed(await registry.Client.GetAnswerAsync("/v2/_catalog", await TokenAsync(registry, null, "registry:catalog:*"))));
        Check.Status(401, await registry.Client.GetAnswerAsync("/v2/_catalog", await TokenAsync(registry, null, "repository:public/app:pull")));

        // Where nothing is public, an anonymous token lists nothing.
        File.WriteAllText(folder.RulesPath, """{"defaultPolicy":"allow"}""");
        await Eventually.HoldsAsync(
            async () => (await registry.Client.GetAnswerAsync("/v2/_catalog", await TokenAsync(registry, null, "registry:catalog:*"))).Status == 401,
            "the edited rules are in force");

        static IReadOnlyList<string> Listed(Answer answer)
        {
            Check.Status(200, answer);
            return answer.Strings("repositories");
        }
    }

    [Theory]
    [InlineData("pässwörd")]
    [InlineData("密码 with spaces")]
    public async Task A_password_outside_ASCII_works_as_UTF_8_wherever_it_is_sent(string password)
    {
        using var folder = new AccessFolder();
        HtpasswdEditor.Set(folder.UsersPath, "jürgen", password);
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.BuiltInToken));
        var form = Encoding.ASCII.GetBytes($"grant_type=password&username=j%C3%BCrgen&password={Uri.EscapeDataString(password)}");

        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/", AccessFolder.Basic("jürgen", password)));
        Check.Status(200, await registry.Client.GetAnswerAsync("/token", AccessFolder.Basic("jürgen", password)));
        Check.Status(200, await registry.Client.RequestAsync("POST", "/token", form, ("Content-Type", "application/x-www-form-urlencoded")));
        var latin1 = ("Authorization", $"Basic {Convert.ToBase64String(Encoding.Latin1.GetBytes($"jürgen:{password}"))}");
        var refused = Check.Status(401, await registry.Client.GetAnswerAsync("/token", latin1));
        Assert.Equal("Basic realm=\"Registry\", charset=\"UTF-8\"", refused["WWW-Authenticate"]);
    }

    [Fact]
    public async Task Under_basic_authentication_the_challenge_names_the_charset()
    {
        using var folder = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(
            options => folder.Configure(options, AuthenticationKind.Basic) with { AuthenticationRealm = "My \"Registry\"" });

        Assert.Equal(
            "Basic realm=\"My \\\"Registry\\\"\", charset=\"UTF-8\"", (await registry.Client.GetAnswerAsync("/v2/_catalog"))["WWW-Authenticate"]);
    }

    private static async Task<(string, string)> TokenAsync(TestRegistry registry, string? user, string scope)
    {
        var answer = await registry.Client.GetAnswerAsync(
            $"/token?service={AccessFolder.Service}&scope={Uri.EscapeDataString(scope)}", user is null ? [] : [AccessFolder.Basic(user)]);
        Check.Status(200, answer);
        return ("Authorization", $"Bearer {answer.Json.GetProperty("access_token").GetString()}");
    }
}
