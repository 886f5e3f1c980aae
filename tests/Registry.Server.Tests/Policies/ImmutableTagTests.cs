using Registry.Core.Access;
using Registry.Server.Configuration;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Policies;

/// <summary>Immutable tags by every route of a request. <c>alice</c> may push and delete; <c>admin</c> is an admin.</summary>
public sealed class ImmutableTagTests : IAsyncLifetime
{
    private const string App = "team/app";
    private const string Message = "the tag is immutable";
    private const string Rule = "rule 1 (line 2: \"team/*\")";
    private const string Rules = """
        { "rules": [
          { "repository": "team/*", "immutableTags": ["v*"], "except": ["*-dev"] }
        ] }
        """;

    private static readonly (string, string) Alice = AccessFolder.Basic("alice");
    private static readonly (string, string) Admin = AccessFolder.Basic("admin");
    private static readonly (string, string) Json = ("Content-Type", "application/json");

    private readonly AccessFolder _access = new();
    private readonly PolicyFolder _policy = new(Rules);
    private readonly TestImage _image = TestImage.Create();
    private readonly TestImage _other = TestImage.Create();
    private TestRegistry _registry = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync(Configure);
        _registry.Client.DefaultRequestHeaders.Add(Alice.Item1, Alice.Item2);
        await _registry.Client.PushAsync(App, _image, "v1");
        await _registry.Client.PushAsync(App, _other, "latest");
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _policy.Dispose();
        _access.Dispose();
    }

    [Fact]
    public async Task A_push_of_another_digest_is_refused_whoever_asks_and_of_the_same_digest_is_fine()
    {
        var refused = AssertRefused(await PutAsync("v1", _other));
        Assert.Equal($"v1 of {App} is {_image.Digest}, and gets no other digest by {Rule}; use another tag", refused);
        AssertRefused(await PutAsync($"{_other.Digest}?tag=new&tag=v1", _other));
        AssertRefused(await AsAdminAsync("PUT", $"/v2/{App}/manifests/v1", _other.Manifest.Bytes, ("Content-Type", _other.MediaType)));

        Check.Status(201, await PutAsync("v1", _image));
        Check.Status(201, await PutAsync("v2", _other));
        Check.Status(201, await PutAsync("v1-dev", _image));
        Check.Status(201, await PutAsync("v1-dev", _other));
        Check.Status(201, await PutAsync("latest", _image));
        await AssertTagAsync(App, "v1", _image);
        Check.Status(404, await _registry.Client.HeadAnswerAsync($"/v2/{App}/manifests/new"));
    }

    [Fact]
    public async Task Tags_of_signatures_get_another_digest_with_each_signature()
    {
        _policy.Write("""{ "rules": [{ "repository": "**", "immutableTags": ["*"] }] }""");
        _registry.Host.Reload();
        foreach (var end in new[] { "", ".sig", ".att", ".sbom" })
        {
            var tag = $"{_image.Digest.Replace(':', '-')}{end}";
            Check.Status(201, await PutAsync(tag, _image));
            Check.Status(201, await PutAsync(tag, _other));
        }

        AssertRefused(await PutAsync("latest", _image));
    }

    [Fact]
    public async Task A_rollback_does_not_move_the_tag()
    {
        _policy.Write("""{ "rules": [] }""");
        _registry.Host.Reload();
        Check.Status(201, await PutAsync("v1", _other));
        _policy.Write(Rules);
        _registry.Host.Reload();

        var answer = await PostAsync($"tags/rollback?repository={App}&tag=v1", Text($$"""{"to":"{{_image.Digest}}"}"""));

        Check.Problem(409, "DENIED", Message, answer);
        await AssertTagAsync(App, "v1", _other);
    }

    [Fact]
    public async Task A_deletion_needs_an_admin_and_the_name_stays_with_its_digest()
    {
        Assert.Equal($"v1 of {App} is kept by {Rule}; only an admin may delete it", AssertRefused(await DeleteAsync("v1")));
        AssertRefused(await DeleteAsync(_image.Digest));
        Check.Problem(409, "DENIED", Message, await PostAsync($"repositories/delete?repository={App}"));
        await AssertTagAsync(App, "v1", _image);
        Check.Status(202, await DeleteAsync("latest"));

        Check.Status(202, await AsAdminAsync("DELETE", $"/v2/{App}/manifests/v1"));

        Assert.Equal($"v1 of {App} was {_image.Digest} when it went, and gets no other digest by {Rule}; use another tag", AssertRefused(await PutAsync("v1", _other)));
        AssertRefused(await AsAdminAsync("PUT", $"/v2/{App}/manifests/v1", _other.Manifest.Bytes, ("Content-Type", _other.MediaType)));
        Check.Status(201, await PutAsync("v1", _image));
        Check.Status(202, await AsAdminAsync("DELETE", $"/v2/{App}/manifests/{_image.Digest}"));
        AssertRefused(await PutAsync("v1", _other));

        // Out of the trash, with its tag.
        Check.Status(200, await PostAsync($"trash/restore?repository={App}&digest={_image.Digest}"));
        await AssertTagAsync(App, "v1", _image);
    }

    [Fact]
    public async Task A_restore_does_not_give_the_tag_to_another_digest()
    {
        // v1 was another image when that was deleted, and the rules were not there.
        _policy.Write("""{ "rules": [] }""");
        _registry.Host.Reload();
        Check.Status(202, await DeleteAsync(_image.Digest));
        Check.Status(201, await PutAsync("v1", _other));
        _policy.Write(Rules);
        _registry.Host.Reload();
        Check.Status(202, await AsAdminAsync("DELETE", $"/v2/{App}/manifests/v1"));

        Check.Problem(409, "DENIED", Message, await PostAsync($"trash/restore?repository={App}&digest={_image.Digest}"));
        Check.Status(404, await _registry.Client.HeadAnswerAsync($"/v2/{App}/manifests/v1"));
    }

    [Fact]
    public async Task Delete_and_create_again_does_not_move_the_tag()
    {
        Check.Status(200, await AsAdminAsync("POST", $"/api/v1/repositories/delete?repository={App}", [], Json));
        foreach (var blob in _other.Blobs)
        {
            await _registry.Client.PushBlobAsync(App, blob);
        }

        AssertRefused(await PutAsync("v1", _other));
        Check.Status(201, await PutAsync("v2", _other));
        Check.Status(200, await PostAsync($"repositories/restore?repository={App}"));
        await AssertTagAsync(App, "v1", _image);
    }

    [Fact]
    public async Task A_rename_out_and_back_does_not_move_the_tag()
    {
        // Out of the rule, where the tag may move.
        Check.Status(200, await PostAsync($"repositories/rename?repository={App}&to=team/out/app"));
        Check.Status(201, await PutAsync("v1", _other, "team/out/app"));
        Check.Problem(409, "DENIED", Message, await PostAsync($"repositories/rename?repository=team/out/app&to={App}"));
        await _registry.Client.PushAsync(App, _other, "latest");
        AssertRefused(await PutAsync("v1", _other));

        // Back to what it was.
        Check.Status(201, await PutAsync("v1", _image, "team/out/app"));
        Check.Status(202, await DeleteAsync(_other.Digest));
        Check.Status(200, await AsAdminAsync("POST", $"/api/v1/repositories/delete?repository={App}", [], Json));
        Check.Status(200, await AsAdminAsync("POST", $"/api/v1/trash/purge?repository={App}&digest={_other.Digest}", [], Json));
        Check.Status(200, await PostAsync($"repositories/rename?repository=team/out/app&to={App}"));
        await AssertTagAsync(App, "v1", _image);
    }

    [Fact]
    public async Task A_tag_that_is_gone_keeps_its_digest_under_a_new_name()
    {
        Check.Status(202, await AsAdminAsync("DELETE", $"/v2/{App}/manifests/v1"));
        Check.Status(200, await PostAsync($"repositories/rename?repository={App}&to=team/new"));

        AssertRefused(await PutAsync("v1", _other, "team/new"));
        Check.Status(201, await PutAsync("v1", _image, "team/new"));
    }

    private RegistryOptions Configure(RegistryOptions options) => _policy.Configure(_access.Configure(options, AuthenticationKind.Basic));

    private static byte[] Text(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private Task<Answer> PutAsync(string reference, TestImage image, string repository = App) =>
        _registry.Client.RequestAsync("PUT", $"/v2/{repository}/manifests/{reference}", image.Manifest.Bytes, ("Content-Type", image.MediaType));

    private Task<Answer> DeleteAsync(string reference) => _registry.Client.RequestAsync("DELETE", $"/v2/{App}/manifests/{reference}");

    private Task<Answer> PostAsync(string path, byte[]? body = null) => _registry.Client.RequestAsync("POST", $"/api/v1/{path}", body ?? [], Json);

    private async Task<Answer> AsAdminAsync(string method, string path, byte[]? body = null, params (string, string)[] headers)
    {
        using var client = new HttpClient { BaseAddress = _registry.Client.BaseAddress };
        return await client.RequestAsync(method, path, body, [.. headers, Admin]);
    }

    private static string AssertRefused(Answer answer)
    {
        var error = Assert.Single(Check.Status(409, answer).Json.GetProperty("errors").EnumerateArray());
        var detail = error.GetProperty("detail").GetString()!;
        Assert.Equal(("DENIED", $"{Message}: {detail}"), (error.GetProperty("code").GetString(), error.GetProperty("message").GetString()));
        return detail;
    }

    private async Task AssertTagAsync(string repository, string tag, TestImage image) => Assert.Equal(
        image.Digest, Check.Status(200, await _registry.Client.HeadAnswerAsync($"/v2/{repository}/manifests/{tag}"))["Docker-Content-Digest"]);
}
