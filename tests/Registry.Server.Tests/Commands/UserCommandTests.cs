using System.Diagnostics;
using Registry.Core.Access.Passwords;

namespace Registry.Server.Tests.Commands;

/// <summary>The commands for people, as a shell runs them.</summary>
public sealed class UserCommandTests : IDisposable
{
    private const string Canary = "canary-typed-in";

    private readonly TemporaryFolder _folder = new(isInMemory: true);

    private string Users => Path.Combine(_folder.Path, "htpasswd");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Users_are_added_changed_listed_and_removed_and_the_password_is_never_printed()
    {
        Assert.Equal((0, $"User 'alice' was added to {Users}."), await RunAsync(Canary, "user", "add", "alice"));
        Assert.Equal((0, $"The password of 'alice' was changed in {Users}."), await RunAsync($"{Canary}2\nmore", "user", "add", "alice"));
        Assert.Equal((0, "alice"), await RunAsync(null, "user", "list"));
        using (var passwords = new PasswordVerifier(() => Htpasswd.Read(File.ReadAllBytes(Users))))
        {
            Assert.True(await passwords.VerifyAsync(new BasicCredentials("alice", $"{Canary}2"), TestCaller.Local));
        }

        Assert.Equal((0, $"User 'alice' was removed from {Users}."), await RunAsync(null, "user", "remove", "alice"));
        Assert.Equal((1, $"registry: there is no user 'alice' in {Users}"), await RunAsync(null, "user", "remove", "alice"));
    }

    [Fact]
    public async Task A_line_that_makes_logins_slow_is_named()
    {
        File.WriteAllText(Users, $"costly:$2y$14${new string('.', 53)}\n");
        var warning = $"^(User 'alice' was added to {Users}.\n)?registry: warning: {Users} line 1: the hash of 'costly' has a cost of 14, .* 'registry user add costly', which uses a cost of 10$";
        var (exitCode, output) = await RunAsync(Canary, "user", "add", "alice");
        Assert.Equal(0, exitCode);
        Assert.Matches(warning, output);
        Assert.Equal((0, $"The password of 'costly' was changed in {Users}."), await RunAsync(Canary, "user", "add", "costly"));
    }

    [Fact]
    public async Task What_cannot_be_done_is_said_in_a_line()
    {
        Assert.Equal((1, $"registry: REGISTRY_AUTH_HTPASSWD {Users} does not exist; 'registry user add' creates it"), await RunAsync(null, "user", "list"));
        Assert.Equal((1, $"registry: REGISTRY_AUTH_HTPASSWD {Users} does not exist; 'registry user add' creates it"), await RunAsync(null, "user", "remove", "alice"));
        Assert.Equal((1, "registry: the password is empty; nothing was changed"), await RunAsync("", "user", "add", "alice"));
        Assert.Equal(
            (1, "registry: the password has 73 bytes; at most 72 are allowed, since bcrypt looks at no more; nothing was changed"),
            await RunAsync(new string('x', 73), "user", "add", "alice"));
        Assert.Equal(
            (1, "registry: 'a:b' cannot be a user: it contains a colon, which ends a name; nothing was changed"), await RunAsync(Canary, "user", "add", "a:b"));
        Assert.False(File.Exists(Users));

        File.WriteAllText(Users, "alice\n");
        Assert.Equal((1, $"registry: REGISTRY_AUTH_HTPASSWD {Users} cannot be used: line 1: not of the form user:hash"), await RunAsync(Canary, "user", "add", "bob"));
        Assert.Equal("alice\n", File.ReadAllText(Users));
    }

    [Theory]
    [InlineData("alice", "push", 0, "allowed: rule 1 (line 1: \"team/**\" for alice) is the first that matches; it allows pull, push")]
    [InlineData("alice", "delete", 1, "denied: rule 1 (line 1: \"team/**\" for alice) is the first that matches; it allows pull, push")]
    [InlineData("bob", "pull", 1, "denied: no rule matches, and defaultPolicy is \"deny\"; it allows nothing")]
    [InlineData("root", "delete", 0, "allowed: 'root' is one of adminUsers; it allows pull, push, delete")]
    [InlineData("alice", "write", 2, "registry: 'write' is not an action; allowed: pull, push, delete")]
    public async Task The_rules_are_explained(string user, string action, int exitCode, string answer)
    {
        File.WriteAllText(
            Path.Combine(_folder.Path, "rules.json"),
            """{"defaultPolicy":"deny","adminUsers":["root"],"rules":[{"repository":"team/**","users":["alice"],"permissions":["pull","push"]}]}""");
        Assert.Equal((exitCode, answer), await RunAsync(null, "access", "explain", user, action, "team/app"));
    }

    private async Task<(int ExitCode, string Output)> RunAsync(string? input, params string[] arguments)
    {
        var info = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(AppContext.BaseDirectory, "registry.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["REGISTRY_AUTH_HTPASSWD"] = Users;
        info.Environment["REGISTRY_ACCESS_CONTROL_CONFIG"] = Path.Combine(_folder.Path, "rules.json");
        using var process = Process.Start(info)!;
        if (input is not null)
        {
            await process.StandardInput.WriteLineAsync(input);
        }

        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync() + await error;
        await process.WaitForExitAsync();
        Assert.DoesNotContain(Canary, output, StringComparison.Ordinal);
        return (process.ExitCode, output.Trim());
    }
}
