using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Registry.Mirror.Configuration;
using Registry.Mirror.Tests.Upstreams.Fixtures;
using Registry.Mirror.Upstreams;
using Registry.Mirror.Upstreams.Addresses;
using Registry.Mirror.Upstreams.Authentication;

namespace Registry.Mirror.Tests.Upstreams;

public sealed class AuthenticationTests : IDisposable
{
    private const string Secret = "canary-of-alice";

    private readonly TestNetwork _network = new();
    private readonly TemporaryFolder _folder = new();
    private readonly TestImage _image = TestImage.Create();
    private readonly FakeTimeProvider _time = new();

    private string PasswordFile => _folder.File("password");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task One_token_serves_all_who_wait_and_is_kept_as_long_as_it_says()
    {
        var tokens = 0;
        await using var server = await StartAsync(context => context.JsonAsync($$"""{"access_token":"t{{Interlocked.Increment(ref tokens)}}","expires_in":100}"""));
        using var upstream = TestUpstream.At(server, _time);

        Assert.All(await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => upstream.GetAsync())), result => result.Given());
        Assert.Equal(1, upstream.Counters.Tokens);
        var asked = Assert.Single(server.Requests, request => request.Target.StartsWith("/token", StringComparison.Ordinal));
        Assert.Equal("/token?scope=repository%3Ateam%2Fapp%3Apull&service=registry", asked.Target);
        Assert.Null(asked.Authorization);

        _time.Advance(TimeSpan.FromSeconds(99));
        (await upstream.GetAsync()).Given();
        Assert.Equal(1, upstream.Counters.Tokens);
        _time.Advance(TimeSpan.FromSeconds(1));
        (await upstream.GetAsync()).Given();
        Assert.Equal(2, upstream.Counters.Tokens);
        Assert.Equal("Bearer t2", server.Requests[^1].Authorization);
    }

    [Theory]
    [InlineData("""{"token":"t"}""", 60)]
    [InlineData("""{"token":"t","expires_in":0}""", 0)]
    [InlineData("""{"token":"t","expires_in":-5}""", 0)]
    [InlineData("""{"token":"t","expires_in":1e300}""", 3600)]
    [InlineData("""{"token":"t","expires_in":"100"}""", 60)]
    public void A_token_without_a_lifetime_lives_a_minute(string answer, int seconds) =>
        Assert.Equal(seconds, UpstreamToken.Read(Encoding.UTF8.GetBytes(answer), 0, 1)!.Expiry);

    [Theory]
    [InlineData("""{"token":""}""")]
    [InlineData("""{"token":"a\r\nX-Evil: b"}""")]
    [InlineData("""{"token":5}""")]
    [InlineData("""[]""")]
    [InlineData("""{"token":"a""")]
    public async Task An_answer_without_a_token_is_a_fault_of_the_token_service(string answer)
    {
        await using var server = await StartAsync(context => context.JsonAsync(answer));
        using var upstream = TestUpstream.At(server);
        Assert.Equal("127.0.0.1, which issues the tokens of docker.io, sent no token", (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away));
    }

    [Fact]
    public async Task A_token_that_is_refused_in_the_middle_is_asked_for_again_once()
    {
        var valid = "t1";
        var tokens = 0;
        await using var server = await ScriptedServer.StartAsync(context =>
        {
            if (context.Request.Path == "/token")
            {
                return context.JsonAsync($$"""{"token":"t{{Interlocked.Increment(ref tokens)}}","expires_in":3600}""");
            }

            if (context.Request.Headers.Authorization == $"Bearer {valid}")
            {
                return context.ManifestAsync(_image);
            }

            context.Challenge($"http://127.0.0.1:{context.Request.Host.Port}/token");
            return Task.CompletedTask;
        });
        using var upstream = TestUpstream.At(server);
        (await upstream.GetAsync()).Given();
        valid = "t2";
        (await upstream.GetAsync()).Given();
        valid = "none";
        Assert.Equal("docker.io answered 401 Unauthorized", (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away));
        Assert.Equal(3, tokens);
        Assert.Null(upstream.Away);
    }

    [Theory]
    [InlineData("https://evil.example/token")]
    [InlineData("https://x.registry.example/token")]
    [InlineData("http://auth.example/token")]
    [InlineData("https://auth.docker.io/token")]
    [InlineData("https://127.0.0.1/token")]
    [InlineData("https://169.254.169.254/token")]
    [InlineData("https://u:p@registry.example/token")]
    [InlineData("ftp://registry.example/token")]
    [InlineData("/token")]
    public async Task Other_token_services_are_not_asked(string realm)
    {
        await File.WriteAllTextAsync(PasswordFile, Secret, TestContext.Current.CancellationToken);
        await using var server = await ScriptedServer.StartAsync(context => context.Challenge(realm));
        using var upstream = TestUpstream.At(server, _network, configure: WithPassword);

        var reason = (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away);

        Assert.Contains("token service", reason, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, reason, StringComparison.Ordinal);
        Assert.Null(Assert.Single(server.Requests).Authorization);
        Assert.All(_network.Dialled, address => Assert.Equal("203.0.113.1", address.Address.ToString()));
        Assert.Null(upstream.Away);
    }

    [Theory]
    [InlineData("https://registry-1.docker.io", "https://auth.docker.io/token")]
    [InlineData("https://registry.gitlab.com", "https://gitlab.com/jwt/auth")]
    public void The_token_services_of_Docker_Hub_and_GitLab_are_known(string url, string realm)
    {
        var guard = new AddressGuard(new UpstreamSettings { Name = "x", Url = new Uri(url), Prefix = "x" });
        Assert.Equal(realm, guard.CheckRealm(realm).ToString());
        Assert.Throws<UpstreamException>(() => guard.CheckRealm("https://auth.example/token"));
    }

    [Fact]
    public async Task A_listed_token_service_gets_the_password_and_the_upstream_does_not()
    {
        await File.WriteAllTextAsync(PasswordFile, $"{Secret}\n", TestContext.Current.CancellationToken);
        await using var service = await ScriptedServer.StartAsync(context => context.JsonAsync("""{"token":"t"}"""), isTls: true);
        await using var server = await ScriptedServer.StartAsync(
            context =>
            {
                if (context.Request.Headers.Authorization == "Bearer t")
                {
                    return context.ManifestAsync(_image);
                }

                context.Challenge($"https://auth.example:{service.Port}/token?account=x");
                return Task.CompletedTask;
            },
            isTls: true);
        using var upstream = TestUpstream.At(server, _network, configure: settings => WithPassword(settings) with { Realms = ["auth.example"] }, isTls: true);

        (await upstream.GetAsync()).Given();

        var asked = Assert.Single(service.Requests);
        Assert.Equal($"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"alice:{Secret}"))}", asked.Authorization);
        Assert.StartsWith("/token?account=x&scope=", asked.Target, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Requests, request => request.Authorization?.StartsWith("Basic", StringComparison.Ordinal) is true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_refused_password_is_not_repeated_until_the_file_changes_or_time_has_passed(bool isToken)
    {
        var logins = new ConcurrentQueue<string>();
        await File.WriteAllTextAsync(PasswordFile, Secret, TestContext.Current.CancellationToken);
        await using var server = await ScriptedServer.StartAsync(context =>
        {
            if (context.Request.Headers.Authorization.FirstOrDefault() is { } login && login.StartsWith("Basic", StringComparison.Ordinal))
            {
                logins.Enqueue(login);
            }

            if (isToken && context.Request.Path != "/token")
            {
                context.Challenge($"http://127.0.0.1:{context.Request.Host.Port}/token");
            }
            else
            {
                context.Status(401, ("WWW-Authenticate", "Basic realm=\"x\""));
            }

            return Task.CompletedTask;
        });
        using var upstream = TestUpstream.At(server, _time, WithPassword);

        var refused = await Task.WhenAll(Enumerable.Range(0, 10).Select(i =>
            upstream.GetManifestAsync($"team/{i}", TestUpstream.Latest, TestContext.Current.CancellationToken)));
        Assert.All(refused, result => Assert.DoesNotContain(Secret, result.Reason(UpstreamFaultKind.Away), StringComparison.Ordinal));
        Assert.Single(logins);
        Assert.Null(upstream.Away);

        _time.Advance(UpstreamCredentials.Pause - TimeSpan.FromSeconds(1));
        Assert.Contains("refuses the password of alice", (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away), StringComparison.Ordinal);
        Assert.Single(logins);
        _time.Advance(TimeSpan.FromSeconds(1));
        (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away);
        Assert.Equal(2, logins.Count);

        await File.WriteAllTextAsync(PasswordFile, "another", TestContext.Current.CancellationToken);
        (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away);
        Assert.Equal(3, logins.Count);
        Assert.NotEqual(logins.First(), logins.Last());
    }

    [Fact]
    public async Task A_password_that_lacks_the_right_for_one_repository_goes_on_for_others()
    {
        await File.WriteAllTextAsync(PasswordFile, Secret, TestContext.Current.CancellationToken);
        await using var server = await ScriptedServer.StartAsync(context =>
        {
            if (context.Request.Headers.Authorization.Count > 0 && !context.Request.Path.Value!.Contains("closed", StringComparison.Ordinal))
            {
                return context.ManifestAsync(_image);
            }

            context.Status(401, ("WWW-Authenticate", "Basic realm=\"x\""));
            return Task.CompletedTask;
        });
        using var upstream = TestUpstream.At(server, configure: WithPassword);

        (await upstream.GetAsync()).Given();
        (await upstream.GetManifestAsync("closed/app", TestUpstream.Latest, TestContext.Current.CancellationToken)).Reason(UpstreamFaultKind.Away);
        (await upstream.GetAsync()).Given();
    }

    [Fact]
    public async Task An_upstream_that_wants_a_token_in_place_of_the_password_gets_one()
    {
        await File.WriteAllTextAsync(PasswordFile, Secret, TestContext.Current.CancellationToken);
        var isBasic = true;
        await using var server = await StartAsync(context => context.JsonAsync("""{"token":"t"}"""));
        var withTokens = server.Answer;
        server.Answer = context =>
        {
            if (isBasic)
            {
                context.Status(context.Request.Headers.Authorization.Count == 0 ? 401 : 404, ("WWW-Authenticate", "Basic realm=\"x\""));
                return Task.CompletedTask;
            }

            if (context.Request.Headers.Authorization.FirstOrDefault()?.StartsWith("Basic", StringComparison.Ordinal) is true && context.Request.Path != "/token")
            {
                context.Challenge($"http://127.0.0.1:{context.Request.Host.Port}/token");
                return Task.CompletedTask;
            }

            return withTokens(context);
        };
        using var upstream = TestUpstream.At(server, configure: WithPassword);
        (await upstream.GetAsync()).Reason(UpstreamFaultKind.Missing);
        isBasic = false;
        await File.WriteAllTextAsync(PasswordFile, "another", TestContext.Current.CancellationToken);
        (await upstream.GetAsync()).Given();
    }

    [Fact]
    public async Task A_password_file_that_cannot_be_read_is_named()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.Status(401, ("WWW-Authenticate", "Basic realm=\"x\"")));
        using var upstream = TestUpstream.At(server, configure: settings => WithPassword(settings) with { PasswordFile = "/nowhere/password" });
        Assert.Equal(
            "docker.io is not asked: the password file /nowhere/password cannot be read: there is no such file", (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away));
    }

    [Theory]
    [InlineData("""{"access":[]}""", "Away")]
    [InlineData("""{"access":[{"type":"repository","name":"team/app","actions":["push"]}]}""", "Away")]
    [InlineData("""{"access":[{"type":"repository","name":"team/app","actions":["pull"]}]}""", "Missing")]
    [InlineData("""{"sub":"x"}""", "Missing")]
    public async Task A_404_counts_only_for_a_token_that_grants_pull(string claims, string kind)
    {
        var token = $"e30.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.c2ln";
        await using var server = await StartAsync(context => context.JsonAsync($$"""{"token":"{{token}}"}"""), context => context.Status(404));
        using var upstream = TestUpstream.At(server);
        (await upstream.GetAsync()).Reason(Enum.Parse<UpstreamFaultKind>(kind));
        Assert.Null(upstream.Away);
    }

    [Fact]
    public async Task A_token_service_that_wants_an_account_makes_the_upstream_away_and_not_the_manifest_missing()
    {
        await using var server = await StartAsync(context =>
        {
            context.Status(401);
            return Task.CompletedTask;
        });
        using var upstream = TestUpstream.At(server);
        Assert.Equal("127.0.0.1, which issues the tokens of docker.io, wants credentials", (await upstream.GetAsync()).Reason(UpstreamFaultKind.Away));
    }

    private UpstreamSettings WithPassword(UpstreamSettings settings) => settings with { UserName = "alice", PasswordFile = PasswordFile };

    // A registry with a token service on its own host.
    private Task<ScriptedServer> StartAsync(Func<HttpContext, Task> token, Action<HttpContext>? answer = null) => ScriptedServer.StartAsync(context =>
    {
        if (context.Request.Path == "/token")
        {
            return token(context);
        }

        if (context.Request.Headers.Authorization.Count == 0)
        {
            context.Challenge($"http://127.0.0.1:{context.Request.Host.Port}/token");
            return Task.CompletedTask;
        }

        if (answer is null)
        {
            return context.ManifestAsync(_image);
        }

        answer(context);
        return Task.CompletedTask;
    });
}
