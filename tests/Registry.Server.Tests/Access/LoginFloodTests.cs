using Registry.Core.Access;

namespace Registry.Server.Tests.Access;

/// <summary>Logins that the registry is flooded with, and the login of a user meanwhile.</summary>
public sealed class LoginFloodTests
{
    // As many as wait at most, beside the running one.
    private const int Flood = 65;

    // 64 logins of unknown users that hang up took 64 checks of the most expensive line before a real user's.
    [Theory]
    [InlineData(AuthenticationKind.Basic, "/v2/", true)]
    [InlineData(AuthenticationKind.Basic, "/v2/", false)]
    [InlineData(AuthenticationKind.BuiltInToken, "/token", true)]
    public async Task A_user_does_not_wait_for_a_flood_of_unknown_users(AuthenticationKind kind, string path, bool hangsUp)
    {
        using var folder = new AccessFolder();
        File.AppendAllText(folder.UsersPath, $"costly:$2y$12${new string('.', 53)}\n");
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, kind));
        var flood = new List<RawConnection>();
        for (var i = 0; i < Flood; i++)
        {
            var connection = await RawConnection.OpenAsync(registry);
            flood.Add(connection);
            await connection.SendAsync($"GET {path} HTTP/1.1\r\nHost: registry\r\nAuthorization: {AccessFolder.Basic($"unknown{i}", "wrong").Item2}\r\n\r\n");
            if (hangsUp)
            {
                connection.Reset();
            }
        }

        var before = registry.Host.PasswordChecks;
        Check.Status(200, await registry.Client.GetAnswerAsync(path, AccessFolder.Basic("alice")));
        Assert.InRange(registry.Host.PasswordChecks - before, 1, Flood / 4);
        flood.ForEach(connection => connection.Dispose());
    }

    [Fact]
    public async Task A_line_that_makes_logins_slow_is_named_at_the_start_and_after_an_edit()
    {
        using var folder = new AccessFolder();
        File.AppendAllText(folder.UsersPath, $"costly:$2y$13${new string('.', 53)}\n");
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Basic));
        Assert.Single(registry.Log.Entries, entry => entry.Message.StartsWith($"{folder.UsersPath} line 4: the hash of 'costly' has a cost of 13, ", StringComparison.Ordinal));

        File.AppendAllText(folder.UsersPath, $"later:$2y$14${new string('.', 53)}\n");
        registry.Host.Reload();
        Assert.Single(registry.Log.Entries, entry => entry.Message.StartsWith($"{folder.UsersPath} line 5: the hash of 'later' has a cost of 14, ", StringComparison.Ordinal));
    }
}
