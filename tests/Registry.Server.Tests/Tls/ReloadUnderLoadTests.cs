using Registry.Core.Access;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Tls;

/// <summary>Certificate, users and rules that change at once while clients work.</summary>
public sealed class ReloadUnderLoadTests : IDisposable
{
    private const int Rounds = 3;
    private const int RoundOfTheBrokenEdit = 2;

    private readonly TlsFolder _tls = new();
    private readonly AccessFolder _access = new();

    public void Dispose()
    {
        _tls.Dispose();
        _access.Dispose();
    }

    [Theory]
    [InlineData(TransportKind.Direct, AuthenticationKind.Basic)]
    [InlineData(TransportKind.Direct, AuthenticationKind.BuiltInToken)]
    [InlineData(TransportKind.Kestrel, AuthenticationKind.Basic)]
    [InlineData(TransportKind.Kestrel, AuthenticationKind.BuiltInToken)]
    public async Task No_request_is_lost_while_certificate_users_and_rules_change_and_each_change_is_in_force(
        TransportKind transport, AuthenticationKind authentication)
    {
        await using var registry = await TestRegistry.StartAsync(
            options => _access.Configure(_tls.Configure(options with { Transport = transport }), authentication));
        var (name, value) = AccessFolder.Basic("alice");
        registry.Client.DefaultRequestHeaders.Add(name, value);
        var image = await registry.Client.PushAsync(WorkingClients.Repository, TestImage.Create(layerSize: 300_000), "latest");
        await using var clients = new WorkingClients(
            _tls.Authority,
            new Uri(registry.Host.Addresses[0]),
            image,
            async client => [authentication == AuthenticationKind.Basic ? AccessFolder.Basic("alice") : await TokenAsync(client)]);

        for (var round = 1; round <= Rounds; round++)
        {
            if (round == RoundOfTheBrokenEdit)
            {
                await File.WriteAllTextAsync(_access.RulesPath, """{"defaultPolicy":"deny","rules":[""");
                await Eventually.HoldsAsync(
                    () => Task.FromResult(registry.Log.Entries.Any(entry => entry.Message.Contains("rules.json cannot be used", StringComparison.Ordinal))),
                    "the broken rules are reported");
            }

            _tls.Write(_tls.Authority.Issue($"renewal {round}"));
            await WriteUsersAsync(round);
            await File.WriteAllTextAsync(_access.RulesPath, RulesOf(round));

            var expected = $"CN=renewal {round}: guest 200, former guest 401, bob 200, bob's former password 401, new rule 202, former rule 403";
            await Eventually.HoldsAsync(async () => await InForceAsync(registry, round) == expected, expected);
        }

        await clients.AssertNothingFailedAsync();
    }

    private static string Guest(int round) => $"guest{round}";

    private static string PasswordOfBob(int round) => $"bob-in-round-{round}";

    private static string RulesOf(int round) => $$"""
        {
          "defaultPolicy": "deny",
          "rules": [
            { "repository": "team/**", "users": ["alice"], "permissions": ["pull", "push"] },
            { "repository": "rounds/{{round}}", "users": ["bob"], "permissions": ["push"] }
          ]
        }
        """;

    private static async Task<(string Name, string Value)> TokenAsync(HttpClient client)
    {
        var answer = await client.GetAnswerAsync(
            $"/token?service={AccessFolder.Service}&scope=repository:{WorkingClients.Repository}:pull,push", AccessFolder.Basic("alice"));
        return answer.Status == 200
            ? AccessFolder.Bearer(answer.Json.GetProperty("access_token").GetString()!)
            : throw new InvalidOperationException(answer.ToString());
    }

    // By renaming, as the registry's own commands do: half a file of users is a valid one.
    private async Task WriteUsersAsync(int round)
    {
        var kept = (await File.ReadAllLinesAsync(_access.UsersPath)).Where(line => line.StartsWith("alice:", StringComparison.Ordinal));
        var changed = _access.UsersPath + ".new";
        await File.WriteAllLinesAsync(changed, [.. kept, Line("bob", PasswordOfBob(round)), Line(Guest(round), AccessFolder.Password(Guest(round)))]);
        File.Move(changed, _access.UsersPath, overwrite: true);

        static string Line(string user, string password) => $"{user}:{BCrypt.Net.BCrypt.HashPassword(password, 4)}";
    }

    private async Task<string> InForceAsync(TestRegistry registry, int round)
    {
        string? subject = null;
        using var client = _tls.Authority.CreateClient(new Uri(registry.Host.Addresses[0]), seen: (certificate, _) => subject = certificate.Subject);
        var guest = await LoginAsync(Guest(round));
        var formerGuest = await LoginAsync(Guest(round - 1));
        var bob = await LoginAsync("bob", PasswordOfBob(round));
        var formerBob = await LoginAsync("bob", PasswordOfBob(round - 1));
        var rule = await PushAsync(round);
        var formerRule = await PushAsync(round - 1);
        return $"{subject}: guest {guest}, former guest {formerGuest}, bob {bob}, bob's former password {formerBob}, new rule {rule}, former rule {formerRule}";

        async Task<int> LoginAsync(string user, string? password = null) =>
            (await client.GetAnswerAsync("/v2/", AccessFolder.Basic(user, password))).Status;

        async Task<int> PushAsync(int target) => (await client.RequestAsync(
            "POST", $"/v2/rounds/{target}/blobs/uploads/", null, AccessFolder.Basic("bob", PasswordOfBob(round)))).Status;
    }
}
