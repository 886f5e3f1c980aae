using System.Text;
using Registry.Core.Access;
using Registry.Server.Commands.Access;

namespace Registry.Server.Tests.Access;

/// <summary>The built-in token service, with requests of docker, podman and containerd.</summary>
public sealed class TokenEndpointTests : IAsyncLifetime
{
    private const string Scope = "repository:team/app:pull,push";

    private readonly AccessFolder _folder = new();
    private readonly ShiftedClock _time = new();
    private TestRegistry _registry = null!;

    public async ValueTask InitializeAsync() => _registry = await TestRegistry.StartAsync(
        options => _folder.Configure(options, AuthenticationKind.BuiltInToken), time: _time);

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_token_comes_under_both_names_with_its_lifetime_and_no_time_of_another_clock()
    {
        var answer = Check.Status(200, await GetAsync($"scope={Scope}"));
        Assert.Equal(answer.Json.GetProperty("token").GetString(), answer.Json.GetProperty("access_token").GetString());
        Assert.Equal(300, answer.Json.GetProperty("expires_in").GetInt32());
        Assert.False(answer.Json.TryGetProperty("issued_at", out _));
        Assert.False(answer.Json.TryGetProperty("refresh_token", out _));
        Assert.Equal("no-store", answer["Cache-Control"]);
        Assert.Equal(202, await PushAsync(answer));

        _time.Advance(TimeSpan.FromMinutes(7));
        Assert.Equal(401, await PushAsync(answer));
    }

    [Fact]
    public async Task An_upload_goes_on_with_another_token_when_the_first_expires_in_the_middle()
    {
        var blob = TestBlob.Random(2000);
        var first = Check.Status(200, await GetAsync($"scope={Scope}"));
        var begun = Check.Status(202, await _registry.Client.RequestAsync("POST", "/v2/team/app/blobs/uploads/", null, Bearer(first)));
        var half = Check.Status(202, await _registry.Client.RequestAsync("PATCH", begun.Location, blob.Bytes[..1000], Bearer(first)));
        _time.Advance(TimeSpan.FromMinutes(7));

        var expired = Check.Status(401, await _registry.Client.RequestAsync("PATCH", half.Location, blob.Bytes[1000..], Bearer(first)));
        Assert.EndsWith("scope=\"repository:team/app:pull,push\",error=\"invalid_token\"", expired["WWW-Authenticate"], StringComparison.Ordinal);
        var second = Check.Status(200, await GetAsync($"scope={Scope}"));
        var whole = Check.Status(202, await _registry.Client.RequestAsync("PATCH", half.Location, blob.Bytes[1000..], Bearer(second)));
        Check.Status(201, await _registry.Client.RequestAsync("PUT", whole.Location.WithDigest(blob.Digest), null, Bearer(second)));
    }

    // GET with repeated parameters is docker's way, spaces are containerd's.
    [Theory]
    [InlineData("scope=repository:team/app:pull,push&scope=repository:public/app:pull&scope=registry:catalog:*")]
    [InlineData("scope=repository:team/app:pull,push%20repository:public/app:pull%20registry:catalog:*")]
    [InlineData("scope=repository:team/app:pull+repository:team/app:push&scope=+repository:public/app:pull++registry:catalog:*+")]
    [InlineData("scope=repository:team/app:push,pull,fly&scope=nonsense&scope=repository(plugin):public/app:pull&scope=registry:catalog:*&scope=")]
    public async Task Several_scopes_are_granted_however_they_are_sent(string scopes)
    {
        foreach (var answer in new[]
        {
            await GetAsync(scopes),
            await PostAsync($"grant_type=password&username=alice&password={AccessFolder.Password("alice")}&{scopes}"),
        })
        {
            Check.Status(200, answer);
            Assert.Equal(202, await PushAsync(answer));
            Check.Status(404, await _registry.Client.GetAnswerAsync("/v2/public/app/tags/list", Bearer(answer)));
            Check.Status(200, await _registry.Client.GetAnswerAsync("/v2/_catalog", Bearer(answer)));
            Check.Status(401, await _registry.Client.RequestAsync("DELETE", "/v2/team/app/manifests/latest", null, Bearer(answer)));
        }
    }

    [Fact]
    public async Task A_refresh_token_is_traded_for_access_tokens_and_opens_nothing_itself()
    {
        var byGet = Check.Status(200, await GetAsync($"scope={Scope}&offline_token=true&client_id=docker"));
        var byPost = Check.Status(200, await PostAsync(
            $"grant_type=password&username=alice&password={AccessFolder.Password("alice")}&scope={Scope}&access_type=offline&client_id=docker"));
        foreach (var refreshToken in new[] { Refresh(byGet), Refresh(byPost) })
        {
            Check.Status(401, await _registry.Client.GetAnswerAsync("/v2/", AccessFolder.Bearer(refreshToken)));
            var traded = Check.Status(200, await PostAsync($"grant_type=refresh_token&refresh_token={refreshToken}&service={AccessFolder.Service}&scope={Scope}"));
            Assert.Equal(202, await PushAsync(traded));
            Assert.False(traded.Json.TryGetProperty("refresh_token", out _));
        }

        // Nor is an access token a refresh token.
        Check.Status(401, await PostAsync($"grant_type=refresh_token&refresh_token={byGet.Json.GetProperty("token").GetString()}&scope={Scope}"));
        Check.Status(401, await PostAsync($"grant_type=refresh_token&refresh_token=x&scope={Scope}"));
        Check.Status(401, await PostAsync($"grant_type=refresh_token&scope={Scope}"));

        _time.Advance(TimeSpan.FromDays(89));
        Check.Status(200, await PostAsync($"grant_type=refresh_token&refresh_token={Refresh(byGet)}&scope={Scope}"));
        _time.Advance(TimeSpan.FromDays(2));
        Check.Status(401, await PostAsync($"grant_type=refresh_token&refresh_token={Refresh(byGet)}&scope={Scope}"));
    }

    [Theory]
    [InlineData("another")]
    [InlineData(null)]
    public async Task A_user_who_is_removed_or_has_another_password_loses_every_token(string? password)
    {
        var answer = Check.Status(200, await GetAsync($"scope={Scope}&offline_token=true"));
        Assert.Equal(202, await PushAsync(answer));
        if (password is null)
        {
            HtpasswdEditor.Remove(_folder.UsersPath, "alice");
        }
        else
        {
            HtpasswdEditor.Set(_folder.UsersPath, "alice", password);
        }

        await Eventually.HoldsAsync(async () => await PushAsync(answer) == 401, "the access token is refused");
        Check.Status(401, await PostAsync($"grant_type=refresh_token&refresh_token={Refresh(answer)}&scope={Scope}"));
        Check.Status(401, await GetAsync($"scope={Scope}"));
    }

    [Fact]
    public async Task A_permission_that_is_taken_away_is_gone_from_tokens_in_hand()
    {
        var answer = await GetAsync($"scope={Scope}");
        Assert.Equal(202, await PushAsync(answer));
        File.WriteAllText(_folder.RulesPath, """{"defaultPolicy":"deny"}""");
        await Eventually.HoldsAsync(async () => await PushAsync(answer) == 403, "the token is refused");
    }

    [Fact]
    public async Task An_anonymous_token_opens_what_is_public_for_as_long_as_it_is()
    {
        var answer = Check.Status(200, await _registry.Client.GetAnswerAsync(
            "/token?scope=repository:public/app:pull,push&scope=repository:team/app:pull&offline_token=true"));
        Assert.False(answer.Json.TryGetProperty("refresh_token", out _));
        Check.Status(404, await _registry.Client.GetAnswerAsync("/v2/public/app/tags/list", Bearer(answer)));
        Check.Status(401, await _registry.Client.GetAnswerAsync("/v2/team/app/tags/list", Bearer(answer)));
        Check.Status(401, await _registry.Client.RequestAsync("POST", "/v2/public/app/blobs/uploads/", null, Bearer(answer)));

        File.WriteAllText(_folder.RulesPath, """{"defaultPolicy":"deny"}""");
        await Eventually.HoldsAsync(
            async () => (await _registry.Client.GetAnswerAsync("/v2/public/app/tags/list", Bearer(answer))).Status == 401, "nothing is public");
    }

    [Fact]
    public async Task Tokens_outlive_a_restart()
    {
        var answer = await GetAsync($"scope={Scope}&offline_token=true");
        await _registry.RestartAsync();
        Assert.Equal(202, await PushAsync(answer));
        Check.Status(200, await PostAsync($"grant_type=refresh_token&refresh_token={Refresh(answer)}&scope={Scope}"));
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("grant_type=implicit", 400)]
    [InlineData("grant_type=password", 401)]
    [InlineData("grant_type=password&username=alice&password=wrong", 401)]
    [InlineData("grant_type=password&username=alice:x&password=y", 401)]
    [InlineData("grant_type=password&username=alice&password=canary-of-alice&service=another", 400)]
    [InlineData("grant_type=password&username=bob&password=canary-of-bob&service=registry-under-test", 200)]
    public async Task A_form_is_answered_as_it_deserves(string form, int status)
    {
        var answer = Check.Status(status, await PostAsync(form));
        Assert.Equal(status == 401, answer["WWW-Authenticate"] == "Basic realm=\"Registry\", charset=\"UTF-8\"");
    }

    [Fact]
    public async Task A_form_that_is_too_large_is_refused_unread() =>
        Check.Status(400, await PostAsync($"grant_type=password&username={new string('x', 300_000)}"));

    private static (string, string) Bearer(Answer answer) => AccessFolder.Bearer(answer.Json.GetProperty("token").GetString()!);

    private static string Refresh(Answer answer) => answer.Json.GetProperty("refresh_token").GetString()!;

    private Task<Answer> GetAsync(string query) => _registry.Client.GetAnswerAsync($"/token?{query}", AccessFolder.Basic("alice"));

    private Task<Answer> PostAsync(string form) => _registry.Client.RequestAsync(
        "POST", "/token", Encoding.ASCII.GetBytes(form), ("Content-Type", "application/x-www-form-urlencoded"));

    private async Task<int> PushAsync(Answer token) =>
        (await _registry.Client.RequestAsync("POST", "/v2/team/app/blobs/uploads/", null, Bearer(token))).Status;
}
