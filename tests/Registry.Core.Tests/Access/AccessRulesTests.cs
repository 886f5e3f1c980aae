using System.Text;
using Registry.Core.Access.Rules;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Access;

public class AccessRulesTests
{
    private const string Rules = """
        {
          "defaultPolicy": "deny",
          "adminUsers": ["admin"],
          "rules": [
            { "repository": "public/**", "users": ["*"], "permissions": ["pull"] },
            { "repository": "team-a/*", "users": ["alice", "bob"], "permissions": ["pull", "push"] },
            { "repository": "public/x", "users": ["alice", "$anonymous"], "permissions": ["pull", "push", "delete"] }
          ]
        }
        """;

    [Theory]
    [InlineData("alice", "team-a/app", RepositoryActions.Pull | RepositoryActions.Push)]
    [InlineData("carol", "team-a/app", RepositoryActions.None)]
    [InlineData("alice", "public/x", RepositoryActions.Pull)]
    [InlineData(null, "public/y", RepositoryActions.None)]
    [InlineData(null, "public/x", RepositoryActions.All)]
    [InlineData("admin", "else", RepositoryActions.All)]
    public void The_first_rule_that_matches_decides(string? user, string repository, RepositoryActions expected)
    {
        Assert.True(RepositoryName.TryParse(repository, out var name));
        Assert.Equal(expected, Read(Rules).Decide(user, name, isOpen: false).Actions);
    }

    [Theory]
    [InlineData("alice", false, RepositoryActions.All)]
    [InlineData(null, false, RepositoryActions.None)]
    [InlineData(null, true, RepositoryActions.All)]
    public void Allow_is_for_authenticated_users(string? user, bool isOpen, RepositoryActions expected)
    {
        Assert.True(RepositoryName.TryParse("a", out var name));
        Assert.Equal(expected, Read("""{"defaultPolicy":"allow"}""").Decide(user, name, isOpen).Actions);
    }

    [Theory]
    [InlineData("{\n\"defaultPolicy\": \"maybe\"}", "line 2: defaultPolicy is \"maybe\"; allowed: \"allow\", \"deny\"")]
    [InlineData("{\n\"x\": 1}", "line 2: unknown property \"x\"; allowed: ")]
    [InlineData("{\"adminUsers\":[],\n\"adminUsers\":[]}", "line 2: \"adminUsers\" is listed twice")]
    [InlineData("{\"rules\":[]}", "defaultPolicy is missing")]
    [InlineData("{\"adminUsers\":[\"*\"]}", "adminUsers holds \"*\"")]
    [InlineData("{\"adminUsers\":[\"root\",\n\"al\\u200Bice\"]}", "line 2: adminUsers holds a user with the invisible character U+200B")]
    [InlineData("{\"rules\":[{}]}", "rules[0] needs all of")]
    [InlineData("{\"rules\":[\n{\"permissions\":[\"fly\"]}]}", "line 2: rules[0].permissions holds \"fly\"; allowed: \"pull\", \"push\", \"delete\"")]
    [InlineData("", "line 1: ")]
    [InlineData("{", "line 1: ")]
    public void Faults_say_where_and_what_is_allowed(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => Read(text)).Message, StringComparison.Ordinal);

    private static AccessRules Read(string text) => AccessRulesReader.Read(Encoding.UTF8.GetBytes(text));
}
