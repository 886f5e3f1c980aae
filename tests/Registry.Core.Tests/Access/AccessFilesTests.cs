using System.Text;
using Registry.Core.Access.Passwords;
using Registry.Core.Access.Rules;
using Registry.Core.Oci;
using Registry.Server.Commands.Access;

namespace Registry.Core.Tests.Access;

public sealed class AccessFilesTests
{
    private const string Hash = "$2y$10$abcdefghijklmnopqrstuu5Lw0A0zT9nGzX5c6f8b7g9h0i1j2k3l";

    [Theory]
    [InlineData("{", "line 1: not valid JSON")]
    [InlineData("{}", "line 1: defaultPolicy is missing; allowed: \"allow\", \"deny\"")]
    [InlineData("{\n\"defaultPolicy\": \"maybe\"}", "line 2: defaultPolicy is \"maybe\"; allowed: \"allow\", \"deny\"")]
    [InlineData("{\"defaultPolicy\":\"deny\",\n\"rule\":[]}", "line 2: unknown property \"rule\"; allowed: defaultPolicy, adminUsers, rules")]
    [InlineData("{\"defaultPolicy\":\"deny\",\"defaultPolicy\":\"allow\"}", "line 1: \"defaultPolicy\" is listed twice")]
    [InlineData("{\"defaultPolicy\":\"deny\",\"adminUsers\":[\"*\"]}", "line 1: adminUsers holds \"*\"; allowed: user names")]
    [InlineData("{\"defaultPolicy\":\"deny\",\"rules\":[\n{\"repository\":\"a\",\"users\":[\"x\"]}]}", "line 2: rules[0] needs all of repository, users, permissions")]
    [InlineData("{\"defaultPolicy\":\"deny\",\"rules\":[{\"repository\":\"A\"}]}", "line 1: rules[0].repository is \"A\"")]
    [InlineData("{\"defaultPolicy\":\"deny\",\"rules\":[{\"permissions\":[\"write\"]}]}", "line 1: rules[0].permissions holds \"write\"; allowed: \"pull\", \"push\", \"delete\"")]
    [InlineData("{\"defaultPolicy\":\"deny\",\"rules\":[{\"users\":\"bob\"}]}", "line 1: rules[0].users must be an array of strings")]
    public void A_fault_in_the_rules_is_named_with_its_line_and_what_is_allowed(string json, string message) =>
        Assert.StartsWith(message, Assert.Throws<FormatException>(() => AccessRulesReader.Read(Encoding.UTF8.GetBytes(json))).Message, StringComparison.Ordinal);

    [Fact]
    public void The_first_rule_that_matches_pattern_and_user_decides()
    {
        var rules = AccessRulesReader.Read("""
            {
              "defaultPolicy": "allow", // comments are allowed
              "adminUsers": ["root"],
              "rules": [
                { "repository": "a/**", "users": ["bob"], "permissions": [] },
                { "repository": "a/**", "users": ["*"], "permissions": ["pull"] },
                { "repository": "open/*", "users": ["$anonymous"], "permissions": ["pull"] },
              ]
            }
            """u8);

        Assert.Equal(RepositoryActions.None, Decide("bob", "a/x"));
        Assert.Equal(RepositoryActions.Pull, Decide("eve", "a/x"));
        Assert.Equal(RepositoryActions.All, Decide("root", "a/x"));
        Assert.Equal(RepositoryActions.All, Decide("eve", "b"));
        Assert.Equal(RepositoryActions.None, Decide(null, "a/x"));
        Assert.Equal(RepositoryActions.Pull, Decide(null, "open/x"));
        Assert.Equal(RepositoryActions.None, Decide(null, "b"));
        Assert.Equal(RepositoryActions.All, rules.Decide(null, RepositoryName.Parse("b"), isOpen: true).Actions);

        RepositoryActions Decide(string? user, string name) => rules.Decide(user, RepositoryName.Parse(name), isOpen: false).Actions;
    }

    [Fact]
    public void Every_fault_of_an_htpasswd_file_is_named_with_its_line_and_no_hash_is_shown()
    {
        var file = $"# users\n\nalice:{Hash}\nbroken\nbob:$apr1$abc$def\nalice:{Hash}\n";
        var message = Assert.Throws<FormatException>(() => Htpasswd.Read(Encoding.UTF8.GetBytes(file))).Message;
        Assert.Equal(
            "line 4: not of the form user:hash; line 5: the hash of 'bob' is not bcrypt ($2y$, $2a$ or $2b$); make it with htpasswd -B; line 6: user 'alice' is listed twice",
            message);
    }

    [Fact]
    public async Task A_password_is_hashed_once_and_wrong_and_unknown_cost_the_same()
    {
        using var folder = new Registry.Testing.TemporaryFolder();
        var path = Path.Combine(folder.Path, "htpasswd");
        HtpasswdEditor.Set(path, "alice", "right");
        var users = Htpasswd.Read(File.ReadAllBytes(path));
        using var passwords = new PasswordVerifier(() => users);

        Assert.True(await passwords.VerifyAsync(new BasicCredentials("alice", "right"), TestCaller.Local));
        Assert.True(await passwords.VerifyAsync(new BasicCredentials("alice", "right"), TestCaller.Local));
        Assert.Equal(1, passwords.Checks);
        Assert.False(await passwords.VerifyAsync(new BasicCredentials("alice", "wrong"), TestCaller.Local));
        Assert.False(await passwords.VerifyAsync(new BasicCredentials("nobody", "right"), TestCaller.Local));
        Assert.Equal(3, passwords.Checks);
        Assert.False(await passwords.VerifyAsync(new BasicCredentials("alice", new string('x', 73)), TestCaller.Local));
        Assert.Equal(3, passwords.Checks);

        HtpasswdEditor.Set(path, "alice", "other");
        users = Htpasswd.Read(File.ReadAllBytes(path));
        Assert.False(await passwords.VerifyAsync(new BasicCredentials("alice", "right"), TestCaller.Local));
        Assert.True(HtpasswdEditor.Remove(path, "alice"));
        Assert.False(HtpasswdEditor.Remove(path, "alice"));
    }
}
