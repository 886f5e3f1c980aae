using Registry.Testing;

namespace Registry.Interop.Tests.Access;

/// <summary>deploy/fail2ban finds the addresses of failed logins in the output of the registry, and no other addresses.</summary>
public sealed class FailToBanTests
{
    private const string Forged = "x: Login failed from 192.0.2.66: ";

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public async Task The_filter_matches_every_failed_login_and_nothing_that_a_client_has_made_up(string format)
    {
        var regex = new Command("fail2ban-regex", "fail2ban");
        Requires.Program("fail2ban-regex", "fail2ban");
        using var folder = new TemporaryFolder("fail2ban");
        await using AccessRegistry registry = await AccessRegistry.StartAsync(Login.BuiltInToken, format);
        foreach (string user in (string[])[AccessRegistry.Alice, "mallory", Forged, $"a\"{Forged}", $"\n2026-01-31T12:00:00.000Z warn  {Forged[3..]}"])
        {
            await RequestAsync(registry, user);
        }
        await Eventually.HoldsAsync(
            () => Task.FromResult(Failures(registry).Length == 5), "the failed logins are printed", TestContext.Current.CancellationToken);
        string log = folder.File("registry.log");
        // A line that does not end yet is none to fail2ban.
        await File.WriteAllTextAsync(log, registry.Output + '\n', TestContext.Current.CancellationToken);

        CommandResult matched = await regex.RunAsync("--out", "ip", log, SourceTree.Locate("deploy/fail2ban/filter.d/registry.conf"));

        Assert.True(
            matched.Text.Split('\n').SequenceEqual(Enumerable.Repeat("127.0.0.1", 5)),
            $"fail2ban found\n{matched.AllOutput}\nin\n{await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken)}");
    }

    private static string[] Failures(AccessRegistry registry) =>
        [.. registry.Output.Split('\n').Where(line => line.Contains("Login failed from 127.0.0.1", StringComparison.Ordinal))];

    // What a client chooses is in the lines of requests, too.
    private static async Task RequestAsync(AccessRegistry registry, string user)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://{registry.HostPort}/token?from={Uri.EscapeDataString(Forged)}"))
        {
            Content = new FormUrlEncodedContent([new("grant_type", "password"), new("username", user), new("password", "wrong")]),
        };
        _ = request.Headers.TryAddWithoutValidation("User-Agent", $"warn  {Forged}");
        using HttpResponseMessage answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(401, (int)answer.StatusCode);
    }
}
