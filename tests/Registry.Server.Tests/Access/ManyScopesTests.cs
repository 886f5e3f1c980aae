using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using Registry.Core.Access;
using Registry.Core.Access.Tokens;

namespace Registry.Server.Tests.Access;

/// <summary>Clients such as regclient request scopes for every repository that they used. The token then has no list, and the rules decide.</summary>
public sealed class ManyScopesTests : IAsyncLifetime
{
    private const int Count = 300;

    private readonly AccessFolder _folder = new();
    private TestRegistry _registry = null!;
    private HttpClient _http2 = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync(options => _folder.Configure(options, AuthenticationKind.BuiltInToken) with { Http2Port = 0 });
        _http2 = new HttpClient
        {
            BaseAddress = new Uri(_registry.Host.Addresses[1]),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    public async ValueTask DisposeAsync()
    {
        _http2.Dispose();
        await _registry.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Three_hundred_scopes_give_a_token_that_fits_a_header_and_does_what_its_user_may()
    {
        foreach (var client in new[] { _registry.Client, _http2 })
        {
            foreach (var token in new[]
            {
                await GetAsync(client, Scopes("team", "pull,push"), AccessFolder.Basic("alice")),
                await PostAsync(client, "alice", Scopes("team", "pull,push")),
            })
            {
                Assert.InRange(token.Length, 1, BuiltInTokens.MaxListLength);
                Assert.False(Claims(token).TryGetProperty("access", out _));
                for (var i = 0; i < Count; i += 99)
                {
                    Check.Status(202, await client.RequestAsync("POST", $"/v2/{Name("team", i)}/blobs/uploads/", null, AccessFolder.Bearer(token)));
                }

                Check.Status(200, await client.GetAnswerAsync("/v2/", AccessFolder.Bearer(token)));
                Check.Status(200, await client.GetAnswerAsync("/v2/_catalog", AccessFolder.Bearer(token)));

                // Not asked for, and no more than the rules allow.
                Check.Error(403, "DENIED", "access forbidden", await client.GetAnswerAsync("/v2/other/app/tags/list", AccessFolder.Bearer(token)));
                Check.Status(403, await client.RequestAsync("POST", "/v2/public/app/blobs/uploads/", null, AccessFolder.Bearer(token)));
            }
        }
    }

    [Fact]
    public async Task A_token_without_a_list_opens_nothing_that_its_user_may_not()
    {
        var bob = await GetAsync(_registry.Client, Scopes("public", "pull,push") + "&" + Scopes("team", "pull"), AccessFolder.Basic("bob"));
        Assert.False(Claims(bob).TryGetProperty("access", out _));

        Check.Status(404, await _registry.Client.GetAnswerAsync("/v2/public/app/tags/list", AccessFolder.Bearer(bob)));
        Check.Status(403, await _registry.Client.GetAnswerAsync($"/v2/{Name("team", 1)}/tags/list", AccessFolder.Bearer(bob)));
        Check.Status(403, await _registry.Client.RequestAsync("POST", "/v2/public/app/blobs/uploads/", null, AccessFolder.Bearer(bob)));
        Check.Status(403, await _registry.Client.RequestAsync("DELETE", "/v2/public/app/manifests/latest", null, AccessFolder.Bearer(bob)));
    }

    [Fact]
    public async Task An_anonymous_token_without_a_list_stays_anonymous()
    {
        var token = await GetAsync(_registry.Client, Scopes("public", "pull,push"));
        Assert.False(Claims(token).TryGetProperty("access", out _));

        Check.Status(200, await _registry.Client.GetAnswerAsync("/v2/", AccessFolder.Bearer(token)));
        Check.Status(404, await _registry.Client.GetAnswerAsync($"/v2/{Name("public", 7)}/tags/list", AccessFolder.Bearer(token)));
        Check.Status(401, await _registry.Client.RequestAsync("POST", "/v2/public/app/blobs/uploads/", null, AccessFolder.Bearer(token)));
        Check.Status(401, await _registry.Client.GetAnswerAsync("/v2/team/app/tags/list", AccessFolder.Bearer(token)));

        File.WriteAllText(_folder.RulesPath, """{"defaultPolicy":"allow"}""");
        await Eventually.HoldsAsync(
            async () => (await _registry.Client.GetAnswerAsync("/v2/public/app/tags/list", AccessFolder.Bearer(token))).Status == 401, "nothing is public");
        Check.Status(401, await _registry.Client.GetAnswerAsync("/v2/team/app/tags/list", AccessFolder.Bearer(token)));
    }

    [Fact]
    public async Task A_token_whose_list_is_short_keeps_it()
    {
        // What is not granted takes no room in it.
        var token = await GetAsync(
            _registry.Client, Scopes("team", "pull") + "&scope=repository:public/app:pull", AccessFolder.Basic("bob"));

        Assert.Equal("public/app", Assert.Single(Claims(token).GetProperty("access").EnumerateArray()).GetProperty("name").GetString());
        Check.Status(401, await _registry.Client.GetAnswerAsync("/v2/public/other/tags/list", AccessFolder.Bearer(token)));
    }

    [Fact]
    public async Task A_refresh_token_is_traded_for_a_token_without_a_list()
    {
        var answer = Check.Status(200, await _registry.Client.GetAnswerAsync("/token?offline_token=true", AccessFolder.Basic("alice")));
        var form = $"grant_type=refresh_token&refresh_token={answer.Json.GetProperty("refresh_token").GetString()}&{Scopes("team", "pull,push")}";
        var traded = Check.Status(200, await SendAsync(_registry.Client, form));

        Check.Status(202, await _registry.Client.RequestAsync(
            "POST", $"/v2/{Name("team", 299)}/blobs/uploads/", null, AccessFolder.Bearer(traded.Json.GetProperty("token").GetString()!)));
    }

    // With the names that projects have, and percent-encoded as Go does.
    private static string Name(string group, int i) => $"{group}/platform-services/component-{i:000}/backend";

    private static string Scopes(string group, string actions) => string.Join(
        '&', Enumerable.Range(0, Count).Select(i => $"scope={Uri.EscapeDataString($"repository:{Name(group, i)}:{actions}")}"));

    private static JsonElement Claims(string token) => JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.Split('.')[1])).RootElement;

    private static async Task<string> GetAsync(HttpClient client, string scopes, params (string, string)[] headers) =>
        Check.Status(200, await client.GetAnswerAsync($"/token?service={AccessFolder.Service}&{scopes}", headers)).Json.GetProperty("token").GetString()!;

    private static async Task<string> PostAsync(HttpClient client, string user, string scopes) => Check.Status(200, await SendAsync(
        client, $"grant_type=password&username={user}&password={AccessFolder.Password(user)}&{scopes}")).Json.GetProperty("token").GetString()!;

    private static Task<Answer> SendAsync(HttpClient client, string form) => client.RequestAsync(
        "POST", "/token", Encoding.ASCII.GetBytes(form), ("Content-Type", "application/x-www-form-urlencoded"));
}
