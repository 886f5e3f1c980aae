using System.Text;
using Registry.Core.Access;

namespace Registry.Server.Tests.Access;

/// <summary>Passwords and tokens occur in no line of the log, at any level, and in no response except the one that issues a token.</summary>
public sealed class CanaryTests
{
    [Theory]
    [InlineData(AuthenticationKind.Basic)]
    [InlineData(AuthenticationKind.Token)]
    [InlineData(AuthenticationKind.BuiltInToken)]
    public async Task Credentials_good_and_bad_are_repeated_nowhere(AuthenticationKind kind)
    {
        using var folder = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, kind));
        var password = AccessFolder.Password("alice");
        var good = AccessFolder.Basic("alice");
        var bad = AccessFolder.Basic("alice", "canary-that-is-wrong");
        var token = folder.Tokens.Sign(ExternalTokens.Claims("alice", DateTimeOffset.UtcNow, "repository:team/app:pull,push"));
        var secrets = new List<string> { "canary", good.Item2[6..], bad.Item2[6..], token, File.ReadAllLines(folder.UsersPath)[0]["alice:".Length..] };
        if (kind == AuthenticationKind.BuiltInToken)
        {
            foreach (var answer in new[]
            {
                await registry.Client.GetAnswerAsync($"/token?scope=repository:team/app:pull,push&offline_token=true&password={password}", good),
                await PostAsync($"grant_type=password&username=alice&password={password}&access_type=offline&scope=repository:team/app:pull,push"),
            })
            {
                secrets.Add(Check.Status(200, answer).Json.GetProperty("token").GetString()!);
                secrets.Add(answer.Json.GetProperty("refresh_token").GetString()!);
                Assert.DoesNotContain("canary", answer.Text, StringComparison.Ordinal);
            }
        }

        var answers = new List<Answer>
        {
            await PostAsync($"grant_type=password&username=alice&password={password}x"),
            await PostAsync($"grant_type={password}&username={password}"),
            await PostAsync($"grant_type=refresh_token&refresh_token={token}{password}"),
        };
        foreach (var header in (IEnumerable<(string, string)>)
        [
            good, bad, ("Authorization", $"Basic {password}"), ("Authorization", $"Bearer {password}"), ("Authorization", password),
            .. secrets.Select(AccessFolder.Bearer),
        ])
        {
            foreach (var (method, path) in new[]
            {
                ("GET", "/v2/"), ("GET", "/token"), ("GET", "/v2/_catalog"), ("GET", "/v2/team/app/tags/list"), ("PUT", "/v2/team/app/manifests/latest"),
                ("POST", $"/v2/team/app/blobs/uploads/?secret={password}"), ("DELETE", "/v2/other/app/manifests/latest"), ("GET", $"/v2/NO/{password}"),
            })
            {
                var answer = await registry.Client.RequestAsync(method, path, [1], header);
                answers.AddRange(path == "/token" && answer.Status == 200 ? [] : [answer]);
            }
        }

        // A broken edit is said, without what is in the line.
        File.AppendAllText(folder.UsersPath, $"carol:{password}\n");
        File.WriteAllText(folder.RulesPath, $$"""{"defaultPolicy":"deny"} {{password}}""");
        await Eventually.HoldsAsync(
            () => Task.FromResult(registry.Log.Entries.Any(entry => entry.Message.Contains("stays in force", StringComparison.Ordinal))), "a broken edit is said");

        var printed = registry.Log.Entries.Select(entry => $"{entry.Message}{entry.Exception}").Concat(registry.Log.JsonLines)
            .Where(line => !line.Contains($"/v2/NO/{password}", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(printed);
        Assert.All(secrets, secret =>
        {
            Assert.DoesNotContain(printed, line => line.Contains(secret, StringComparison.Ordinal));
            Assert.DoesNotContain(answers, answer => answer.ToString().Contains(secret, StringComparison.Ordinal));
        });

        Task<Answer> PostAsync(string form) => registry.Client.RequestAsync("POST", "/token", Encoding.ASCII.GetBytes(form));
    }
}
