using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Access;
using Registry.Core.Access.Identities;
using Registry.Server.Commands.Access;
using Registry.Server.Telemetry.Logs;

namespace Registry.Server.Tests.Access;

/// <summary>Each failed login is logged with user, address and reason; a flood of them does not flood the log.</summary>
public sealed class FailedLoginTests
{
    private const string From = "Login failed from 127.0.0.1: ";

    [Theory]
    [InlineData("Basic", "alice:wrong", "wrong password, user \"alice\"")]
    [InlineData("Basic", "mallory:wrong", "unknown user, user \"mallory\"")]
    [InlineData("Basic", "jürgen:wrong", "unknown user, user \"jürgen\"")]
    [InlineData("Basic", "a\" from 192.0.2.1:wrong", "unknown user, user \"a\\u0022 from 192.0.2.1\"")]
    [InlineData("Basic", "alice", "malformed credentials")]
    [InlineData("Basic", "al\nice:wrong", "malformed credentials")]
    [InlineData("Digest", "alice:wrong", "unsupported scheme")]
    public async Task A_password_that_is_refused_is_a_warning_with_user_address_and_reason(string scheme, string credentials, string reason)
    {
        using var folder = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.BuiltInToken));
        var header = ("Authorization", $"{scheme} {Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials))}");

        Check.Status(401, await registry.Client.GetAnswerAsync("/v2/", header));
        Check.Status(401, await registry.Client.GetAnswerAsync("/token", header));

        Assert.Equal([From + reason, From + reason], Lines(registry.Log));
    }

    [Fact]
    public async Task The_token_service_names_the_user_of_a_form_and_tokens_have_reasons_of_their_own()
    {
        using var folder = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.BuiltInToken));
        var granted = Check.Status(200, await registry.Client.GetAnswerAsync("/token?offline_token=true", AccessFolder.Basic("alice"))).Json;
        var access = granted.GetProperty("token").GetString()!;
        var refresh = granted.GetProperty("refresh_token").GetString()!;

        await PostAsync("grant_type=password&username=alice&password=wrong");
        await PostAsync("grant_type=password&username=al%0Aice%1B%22&password=wrong");
        await PostAsync("grant_type=refresh_token&refresh_token=x");
        await PostAsync($"grant_type=refresh_token&refresh_token={access}");
        Check.Status(401, await registry.Client.GetAnswerAsync("/v2/", AccessFolder.Bearer(refresh)));
        HtpasswdEditor.Set(folder.UsersPath, "alice", "another");
        await Eventually.HoldsAsync(
            async () => (await registry.Client.GetAnswerAsync("/v2/", AccessFolder.Bearer(access))).Status == 401, "the token is refused");

        Assert.Equal(
            [
                From + "wrong password, user \"alice\"",
                From + "unknown user, user \"al\\nice\\u001B\\u0022\"",
                From + "malformed token",
                From + "token for another service",
                From + "token for another service",
                From + "the user of this token was removed or has another password, user \"alice\"",
            ],
            Lines(registry.Log));

        async Task PostAsync(string form) => Check.Status(401, await registry.Client.RequestAsync(
            "POST", "/token", Encoding.ASCII.GetBytes(form), ("Content-Type", "application/x-www-form-urlencoded")));
    }

    [Fact]
    public async Task A_token_of_an_external_service_that_is_refused_has_its_reason_in_the_log_alone()
    {
        using var folder = new AccessFolder();
        using var other = RSA.Create(2048);
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Token));
        var now = DateTimeOffset.UtcNow;
        foreach (var (claims, key, reason) in new[]
        {
            (ExternalTokens.Claims("alice", now), other, "token that no configured key has signed"),
            (With("iss", "evil"), null, "token of another issuer"),
            (With("aud", "evil"), null, "token for another service"),
            (ExternalTokens.Claims("alice", now.AddHours(1)), null, "token that is not valid yet, user \"alice\""),
        })
        {
            var answer = Check.Status(401, await registry.Client.GetAnswerAsync("/v2/", AccessFolder.Bearer(folder.Tokens.Sign(claims, otherKey: key))));
            Assert.Equal(From + reason, Lines(registry.Log)[^1]);
            Assert.DoesNotContain(reason, answer.Text, StringComparison.Ordinal);
        }

        // Not an attack: clients learn from the response that the token has expired, and fetch another one.
        var before = Lines(registry.Log).Count;
        Check.Status(401, await registry.Client.GetAnswerAsync(
            "/v2/", AccessFolder.Bearer(folder.Tokens.Sign(ExternalTokens.Claims("alice", now.AddHours(-1))))));
        Assert.Equal(before, Lines(registry.Log).Count);
        Assert.Contains(registry.Log.Entries, entry => entry.Level == LogLevel.Debug && entry.Message == From + "expired token, user \"alice\"");

        JsonObject With(string name, string value)
        {
            var claims = ExternalTokens.Claims("alice", now);
            claims[name] = value;
            return claims;
        }
    }

    [Fact]
    public async Task No_credentials_too_little_scope_and_what_the_rules_deny_are_no_failed_logins()
    {
        using var folder = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.BuiltInToken));
        var token = Check.Status(200, await registry.Client.GetAnswerAsync("/token", AccessFolder.Basic("alice"))).Json.GetProperty("token").GetString()!;

        Check.Status(401, await registry.Client.GetAnswerAsync("/v2/"));
        Check.Status(401, await registry.Client.GetAnswerAsync("/v2/team/app/tags/list", AccessFolder.Bearer(token)));
        Check.Status(403, await registry.Client.GetAnswerAsync("/v2/team/app/tags/list", AccessFolder.Basic("bob")));

        Assert.Empty(Lines(registry.Log));
    }

    [Fact]
    public void A_flood_from_an_address_is_ten_lines_and_a_count()
    {
        var time = new FakeTimeProvider();
        using var log = new RecordedLog();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        using var logins = new FailedLogins(time, loggers.CreateLogger<FailedLogins>());
        var fault = new LoginFault("wrong password", "alice");
        for (var i = 0; i < 57; i++)
        {
            logins.Report(IPAddress.Parse("::ffff:192.0.2.1"), fault);
        }

        logins.Report(IPAddress.Parse("2001:db8::1"), fault);
        time.Advance(FailedLogins.Period);
        logins.Report(IPAddress.Parse("192.0.2.1"), fault);

        Assert.Equal(
            [
                .. Enumerable.Repeat("Login failed from 192.0.2.1: wrong password, user \"alice\"", FailedLogins.MaxLines),
                "Login failed from 2001:db8::1: wrong password, user \"alice\"",
                "Login failed from 192.0.2.1: 47 more times within a minute",
                "Login failed from 192.0.2.1: wrong password, user \"alice\"",
            ],
            Lines(log));
        var counted = JsonDocument.Parse(log.JsonLines[^2]).RootElement;
        Assert.Equal(("login_failed", "192.0.2.1", 47), (
            counted.GetProperty("event").GetString(), counted.GetProperty("remoteAddress").GetString(), counted.GetProperty("suppressed").GetInt32()));
    }

    [Fact]
    public void A_flood_from_everywhere_is_bounded_too()
    {
        using var log = new RecordedLog();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        using (var logins = new FailedLogins(new FakeTimeProvider(), loggers.CreateLogger<FailedLogins>()))
        {
            for (var i = 0; i < FailedLogins.MaxAddresses + 500; i++)
            {
                logins.Report(new IPAddress(i), new LoginFault("unknown user", "x"));
            }
        }

        Assert.Equal(FailedLogins.MaxAddresses + 1, Lines(log).Count);
        Assert.Equal("Logins failed from more than 1000 addresses: 500 more times within a minute", Lines(log)[^1]);
    }

    private static List<string> Lines(RecordedLog log) =>
        [.. log.Entries.Where(entry => entry.Level == LogLevel.Warning && entry.Message.StartsWith("Login", StringComparison.Ordinal)).Select(entry => entry.Message)];
}
