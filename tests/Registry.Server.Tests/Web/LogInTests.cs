using Registry.Core.Access;
using Registry.Core.Access.Sessions;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Web;

/// <summary>Log-ins to the pages: their cookies, their end, and what they count for.</summary>
public sealed class LogInTests : IAsyncLifetime
{
    private const string Cookie = "registry-session";

    private readonly AccessFolder _folder = new();
    private readonly ShiftedClock _clock = new();
    private TestRegistry _registry = null!;

    public async ValueTask InitializeAsync() =>
        _registry = await TestRegistry.StartAsync(options => _folder.Configure(options, AuthenticationKind.Basic), time: _clock);

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_log_in_sets_a_cookie_that_scripts_and_other_sites_do_not_get()
    {
        var visitor = new Visitor(_registry.Client);

        var answer = Check.Status(303, await visitor.LogInAsync("alice", AccessFolder.Password("alice"), "/space"));

        Assert.Equal("/space", answer.Location);
        var set = Assert.Single(answer.All("Set-Cookie"), cookie => cookie.StartsWith(Cookie, StringComparison.Ordinal));
        Assert.Matches($"^{Cookie}=[A-Za-z0-9_-]{{43}}; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800$", set);
        Assert.Contains("<bdi>alice</bdi>", (await visitor.OpenAsync("/")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Behind_a_proxy_with_TLS_the_cookie_is_bound_to_the_host()
    {
        await using var registry = await TestRegistry.StartAsync(options => _folder.Configure(options, AuthenticationKind.Basic) with
        {
            TrustedProxies = ProxyList.Parse("127.0.0.1")!,
        });
        var visitor = new Visitor(registry.Client) { Headers = { ("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "192.0.2.1") } };

        var answer = Check.Status(303, await visitor.LogInAsync("alice", AccessFolder.Password("alice")));

        Assert.Contains(answer.All("Set-Cookie"), cookie => cookie.StartsWith($"__Host-{Cookie}=", StringComparison.Ordinal) && cookie.Contains("; Secure", StringComparison.Ordinal));
        Assert.Contains("<bdi>alice</bdi>", (await visitor.OpenAsync("/")).Text, StringComparison.Ordinal);

        // One that a page without TLS has set does not count.
        var secret = visitor.Cookies[$"__Host-{Cookie}"];
        visitor.Cookies.Clear();
        visitor.Cookies[Cookie] = secret;
        Assert.DoesNotContain("<bdi>alice</bdi>", (await visitor.OpenAsync("/")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alice", "wrong")]
    [InlineData("nobody", "wrong")]
    [InlineData("", "")]
    public async Task A_wrong_password_gets_the_form_again(string user, string password)
    {
        var visitor = new Visitor(_registry.Client);

        var answer = Check.Status(403, await visitor.LogInAsync(user, password));

        Assert.Contains("The user name or the password is wrong.", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Cookie, visitor.Cookies.Keys);
        Assert.Null(answer["WWW-Authenticate"]);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("\\\\evil.example")]
    [InlineData("/%0d%0aSet-Cookie:x=y\r\nX: y")]
    [InlineData("javascript:alert(1)")]
    [InlineData("evil")]
    [InlineData("")]
    [InlineData("/login")]
    public async Task A_log_in_leads_only_to_a_page_of_this_site(string next)
    {
        var visitor = new Visitor(_registry.Client);

        Assert.Equal("/", Check.Status(303, await visitor.LogInAsync("alice", AccessFolder.Password("alice"), next)).Location);
        Assert.Equal("/", Check.Status(303, await visitor.OpenAsync($"/login?next={Uri.EscapeDataString(next)}")).Location);
    }

    [Fact]
    public async Task A_session_that_was_set_before_the_log_in_does_not_become_that_of_the_user()
    {
        var attacker = new Visitor(_registry.Client);
        await attacker.LogInAsync("bob", AccessFolder.Password("bob"));
        var planted = attacker.Cookies[Cookie];
        var victim = new Visitor(_registry.Client);
        await victim.OpenAsync("/login");
        victim.Cookies[Cookie] = new string('A', 43);
        Check.Status(303, await victim.LogInAsync("alice", AccessFolder.Password("alice")));
        Assert.NotEqual(new string('A', 43), victim.Cookies[Cookie]);

        // Two cookies of the same name: one of them was set by another site.
        var both = new Visitor(_registry.Client) { Headers = { ("Cookie", $"{Cookie}={planted}; {Cookie}={victim.Cookies[Cookie]}") } };
        Assert.Contains("href=\"/login\"", Check.Status(200, await both.OpenAsync("/")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_out_ends_the_session()
    {
        var visitor = await LogInAsync();
        var secret = visitor.Cookies[Cookie];

        Check.Status(303, await visitor.SubmitAsync("/", "/logout"));

        Assert.DoesNotContain(Cookie, visitor.Cookies.Keys);
        visitor.Cookies[Cookie] = secret;
        await IsOutAsync(visitor);
    }

    [Fact]
    public async Task A_change_of_the_password_ends_the_sessions_of_the_user()
    {
        var visitor = await LogInAsync();
        var lines = await File.ReadAllLinesAsync(_folder.UsersPath);
        await File.WriteAllLinesAsync(_folder.UsersPath, lines.Select(line => line.StartsWith("alice:", StringComparison.Ordinal) ? $"alice:{BCrypt.Net.BCrypt.HashPassword("new", 4)}" : line));
        _registry.Host.Reload();

        await IsOutAsync(visitor);
    }

    [Fact]
    public async Task The_removal_of_a_user_ends_its_sessions()
    {
        var visitor = await LogInAsync();
        var lines = await File.ReadAllLinesAsync(_folder.UsersPath);
        await File.WriteAllLinesAsync(_folder.UsersPath, lines.Where(line => !line.StartsWith("alice:", StringComparison.Ordinal)));
        _registry.Host.Reload();

        await IsOutAsync(visitor);
    }

    [Fact]
    public async Task A_session_ends_when_it_is_not_used()
    {
        var visitor = await LogInAsync();
        _clock.Advance(WebSessions.IdleTime - TimeSpan.FromMinutes(1));
        await IsInAsync(visitor);
        _clock.Advance(WebSessions.IdleTime - TimeSpan.FromMinutes(1));
        await IsInAsync(visitor);
        _clock.Advance(WebSessions.IdleTime);

        await IsOutAsync(visitor);
    }

    [Fact]
    public async Task A_session_ends_after_its_longest_time()
    {
        var visitor = await LogInAsync();
        for (var time = TimeSpan.Zero; time < WebSessions.LongestTime - TimeSpan.FromHours(8); time += TimeSpan.FromHours(8))
        {
            await IsInAsync(visitor);
            _clock.Advance(TimeSpan.FromHours(8));
        }

        _clock.Advance(TimeSpan.FromHours(8));

        await IsOutAsync(visitor);
    }

    [Fact]
    public async Task A_session_outlives_a_restart()
    {
        var visitor = await LogInAsync();
        await _registry.RestartAsync();
        var again = new Visitor(_registry.Client) { Cookies = { [Cookie] = visitor.Cookies[Cookie] } };

        await IsInAsync(again);
    }

    [Theory]
    [InlineData("/v2/")]
    [InlineData("/v2/_catalog")]
    [InlineData("/api/v1/trash/all")]
    public async Task Programs_have_no_cookies(string path)
    {
        var visitor = await LogInAsync();

        Assert.NotNull(Check.Status(401, await visitor.OpenAsync(path))["WWW-Authenticate"]);
    }

    [Fact]
    public async Task A_password_in_the_header_counts_for_nothing_on_a_page()
    {
        var visitor = new Visitor(_registry.Client) { Headers = { AccessFolder.Basic("admin") } };

        Check.Status(303, await visitor.OpenAsync("/repositories/team/app"));
    }

    [Theory]
    [InlineData("Origin", "https://evil.example", 403)]
    [InlineData("Origin", "null", 403)]
    [InlineData("Origin", "http://127.0.0.1:1", 403)]
    [InlineData("Sec-Fetch-Site", "cross-site", 403)]
    [InlineData("Sec-Fetch-Site", "same-site", 403)]
    [InlineData("Sec-Fetch-Site", "same-origin", 303)]
    public async Task A_form_of_another_site_changes_nothing(string header, string value, int status)
    {
        var visitor = await LogInAsync();
        var token = Visitor.TokenOf(await visitor.OpenAsync("/"));
        visitor.Headers.Add((header, value));

        var answer = await visitor.PostAsync("/logout", ("token", token));

        Check.Status(status, answer);
        Check.Status(status, await new Visitor(_registry.Client) { Headers = { (header, value) } }.LogInAsync("bob", AccessFolder.Password("bob")));
    }

    [Fact]
    public async Task The_own_origin_is_allowed()
    {
        var visitor = await LogInAsync();
        visitor.Headers.Add(("Origin", _registry.Host.Addresses[0]));

        Check.Status(303, await visitor.SubmitAsync("/", "/logout"));
    }

    [Fact]
    public async Task A_form_needs_the_token_of_its_session()
    {
        var visitor = await LogInAsync();
        var other = await LogInAsync();
        var token = Visitor.TokenOf(await other.OpenAsync("/"));

        Check.Status(403, await visitor.PostAsync("/logout"));
        Check.Status(403, await visitor.PostAsync("/logout", ("token", string.Empty)));
        Check.Status(403, await visitor.PostAsync("/logout", ("token", token)));
        await IsInAsync(visitor);
    }

    [Fact]
    public async Task A_form_is_urlencoded_and_small()
    {
        var client = _registry.Client;

        Check.Status(415, await client.RequestAsync("POST", "/login", "{}"u8.ToArray(), ("Content-Type", "application/json")));
        Check.Status(415, await client.RequestAsync("POST", "/login", "x"u8.ToArray()));
        Check.Status(413, await client.RequestAsync("POST", "/login", new byte[20_000], ("Content-Type", "application/x-www-form-urlencoded")));
        Check.Status(400, await new Visitor(client).PostAsync("/login", ("user", "a"), ("user", "b")));
    }

    [Fact]
    public async Task Many_log_ins_of_a_user_end_the_oldest()
    {
        var first = await LogInAsync();
        for (var i = 0; i < WebSessions.MaxOfUser; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await LogInAsync();
        }

        await IsOutAsync(first);
    }

    // One check at a time, and 64 that wait: the others come back later.
    [Fact]
    public async Task Too_many_log_ins_at_once_are_told_to_come_back()
    {
        await File.AppendAllTextAsync(_folder.UsersPath, $"costly:$2y$12${new string('.', 53)}\n");
        _registry.Host.Reload();
        var visitor = new Visitor(_registry.Client);
        var token = Visitor.TokenOf(await visitor.OpenAsync("/login"));
        using var client = new HttpClient { BaseAddress = _registry.Client.BaseAddress };
        var flood = Enumerable.Range(0, 100).Select(i => new Visitor(client) { Cookies = { ["registry-form"] = visitor.Cookies["registry-form"] } }
            .PostAsync("/login", ("token", token), ("user", $"unknown{i}"), ("password", "wrong"))).ToList();

        Answer? refused = null;
        await foreach (var answered in Task.WhenEach(flood))
        {
            if ((await answered).Status != 403)
            {
                refused = await answered;
                break;
            }
        }

        Assert.NotNull(refused);
        Check.Status(429, refused);
        Assert.Contains("Try again in a moment", refused.Text, StringComparison.Ordinal);
        Assert.NotNull(refused["Retry-After"]);
        client.CancelPendingRequests();
        await Task.WhenAll(flood.Select(task => task.ContinueWith(_ => { }, TaskScheduler.Default)));
    }

    private static async Task IsInAsync(Visitor visitor) => Assert.Contains("<bdi>alice</bdi>", (await visitor.OpenAsync("/space")).Text, StringComparison.Ordinal);

    private static async Task IsOutAsync(Visitor visitor) => Assert.DoesNotContain("<bdi>alice</bdi>", (await visitor.OpenAsync("/space")).Text, StringComparison.Ordinal);

    private async Task<Visitor> LogInAsync()
    {
        var visitor = new Visitor(_registry.Client);
        Check.Status(303, await visitor.LogInAsync("alice", AccessFolder.Password("alice")));
        return visitor;
    }
}
