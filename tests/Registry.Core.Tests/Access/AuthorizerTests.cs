using System.Text;
using Registry.Core.Access;
using Registry.Core.Access.Identities;
using Registry.Core.Access.Rules;
using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Access;

public sealed class AuthorizerTests
{
    private const string Rules = """
        {
          "defaultPolicy": "deny",
          "adminUsers": ["admin"],
          "rules": [
            { "repository": "public/**", "users": ["$anonymous", "*"], "permissions": ["pull"] },
            { "repository": "team/**", "users": ["alice"], "permissions": ["pull", "push"] }
          ]
        }
        """;

    private const AuthenticationKind None = AuthenticationKind.None;
    private const AuthenticationKind Basic = AuthenticationKind.Basic;
    private const AuthenticationKind Token = AuthenticationKind.Token;
    private const AuthenticationKind BuiltIn = AuthenticationKind.BuiltInToken;

    // A scope of null is no token; "" is a token that grants nothing.
    [Theory]
    [InlineData(None, null, null, "team/app", Permission.Pull, Verdict.Denied)]
    [InlineData(None, null, null, "public/app", Permission.Pull, Verdict.Allowed)]
    [InlineData(Basic, null, null, "team/app", Permission.Pull, Verdict.Unauthorized)]
    [InlineData(Basic, null, null, "public/app", Permission.Pull, Verdict.Allowed)]
    [InlineData(Basic, null, null, "public/app", Permission.Push, Verdict.Unauthorized)]
    [InlineData(Basic, "bob", null, "public/app", Permission.Push, Verdict.Denied)]
    [InlineData(Basic, "alice", null, "team/app", Permission.Push, Verdict.Allowed)]
    [InlineData(Basic, "alice", null, "team/app", Permission.Delete, Verdict.Denied)]
    [InlineData(Basic, "admin", null, "team/app", Permission.Delete, Verdict.Allowed)]
    [InlineData(Token, "alice", "repository:team/app:pull,push", "team/app", Permission.Push, Verdict.Allowed)]
    [InlineData(Token, "alice", "repository:team/app:pull", "team/app", Permission.Push, Verdict.InsufficientScope)]
    [InlineData(Token, "alice", "repository:team/app:*", "team/app", Permission.Delete, Verdict.Denied)]
    [InlineData(Token, "bob", "repository:team/app:*", "team/app", Permission.Pull, Verdict.Denied)]
    [InlineData(Token, "bob", "", "team/app", Permission.Pull, Verdict.InsufficientScope)]
    [InlineData(Token, "admin", "", "team/app", Permission.Pull, Verdict.InsufficientScope)]
    [InlineData(Token, null, "repository:public/app:pull", "public/app", Permission.Pull, Verdict.Allowed)]
    [InlineData(Token, null, "repository:team/app:pull", "team/app", Permission.Pull, Verdict.Unauthorized)]
    [InlineData(BuiltIn, "alice", "repository:team/app:pull", "team/app", Permission.Push, Verdict.InsufficientScope)]
    [InlineData(BuiltIn, "bob", "", "team/app", Permission.Push, Verdict.Denied)]
    [InlineData(BuiltIn, "admin", "repository:team/app:*", "team/app", Permission.Delete, Verdict.Allowed)]
    [InlineData(BuiltIn, "admin", "repository:team/app:pull", "team/app", Permission.Delete, Verdict.InsufficientScope)]
    [InlineData(BuiltIn, null, "repository:public/app:pull", "public/app", Permission.Pull, Verdict.Allowed)]
    [InlineData(BuiltIn, null, "", "public/app", Permission.Pull, Verdict.Unauthorized)]
    public void Rules_and_scope_must_both_allow(
        AuthenticationKind kind, string? user, string? scope, string repository, Permission permission, Verdict expected) =>
        Assert.Equal(expected, WithRules(kind).Decide(Caller(user, scope), permission, RepositoryName.Parse(repository)));

    [Theory]
    [InlineData(Basic, "admin", OriginDetail.Full)]
    [InlineData(BuiltIn, "admin", OriginDetail.Full)]
    [InlineData(Basic, "alice", OriginDetail.Actor)]
    [InlineData(Basic, null, OriginDetail.Actor)]
    [InlineData(None, null, OriginDetail.Actor)]
    public void Only_admins_see_addresses_and_programs_in_the_history(AuthenticationKind kind, string? user, OriginDetail expected)
    {
        Assert.Equal(expected, WithRules(kind).OriginsFor(Caller(user, null)));
        Assert.Equal(OriginDetail.Actor, new Authorizer(kind, rules: null).OriginsFor(Caller(user, null)));
    }

    [Theory]
    [InlineData(None, null, null, Verdict.Allowed, Verdict.Allowed, Verdict.Allowed)]
    [InlineData(Basic, null, null, Verdict.Unauthorized, Verdict.Unauthorized, Verdict.Unauthorized)]
    [InlineData(Basic, "bob", null, Verdict.Allowed, Verdict.Allowed, Verdict.Allowed)]
    [InlineData(Token, null, null, Verdict.Unauthorized, Verdict.Unauthorized, Verdict.Unauthorized)]
    [InlineData(Token, "bob", "registry:catalog:*", Verdict.Allowed, Verdict.Allowed, Verdict.InsufficientScope)]
    [InlineData(Token, "bob", "repository:a:pull", Verdict.Allowed, Verdict.InsufficientScope, Verdict.Allowed)]
    [InlineData(Token, null, "repository:a:pull", Verdict.Allowed, Verdict.Unauthorized, Verdict.Allowed)]
    [InlineData(BuiltIn, null, "repository:a:pull", Verdict.Allowed, Verdict.Unauthorized, Verdict.Unauthorized)]
    public void Without_rules_who_is_authenticated_may_do_what_the_token_says(
        AuthenticationKind kind, string? user, string? scope, Verdict enter, Verdict catalog, Verdict pull)
    {
        var authorizer = new Authorizer(kind, null);
        var caller = Caller(user, scope);
        Assert.Equal(enter, authorizer.Decide(caller, Permission.Enter, default));
        Assert.Equal(catalog, authorizer.Decide(caller, Permission.Catalog, default));
        Assert.Equal(pull, authorizer.Decide(caller, Permission.Pull, RepositoryName.Parse("a")));
        Assert.Equal(Verdict.Allowed, authorizer.Decide(caller, Permission.Public, default));
    }

    [Theory]
    [InlineData(Basic, "alice", null, true)]
    [InlineData(Basic, "bob", null, false)]
    [InlineData(Basic, null, null, false)]
    [InlineData(BuiltIn, "alice", "repository:team/app:pull", true)]
    [InlineData(BuiltIn, "bob", "repository:team/app:pull,push", false)]
    [InlineData(BuiltIn, "admin", null, true)]
    [InlineData(Token, "alice", "repository:team/app:pull", false)]
    [InlineData(Token, "alice", "repository:team/app:pull,push", true)]
    [InlineData(Token, "bob", "repository:team/app:pull,push", false)]
    public void Who_pushes_is_told_by_the_rules_and_of_an_external_service_by_the_token(AuthenticationKind kind, string? user, string? scope, bool expected) =>
        Assert.Equal(expected, WithRules(kind).IsPusher(Caller(user, scope), RepositoryName.Parse("team/app")));

    [Theory]
    [InlineData("alice", "repository:team/app:pull,push,delete", RepositoryActions.Pull | RepositoryActions.Push)]
    [InlineData("alice", "repository:team/app:*", RepositoryActions.Pull | RepositoryActions.Push)]
    [InlineData("bob", "repository:team/app:*", RepositoryActions.None)]
    [InlineData("admin", "repository:team/app:*", RepositoryActions.All)]
    [InlineData(null, "repository:public/app:pull,push", RepositoryActions.Pull)]
    [InlineData("alice", "registry:catalog:*", RepositoryActions.All)]
    [InlineData(null, "registry:catalog:*", RepositoryActions.All)]
    public void A_grant_is_what_was_asked_for_and_is_allowed(string? user, string asked, RepositoryActions expected) =>
        Assert.Equal(expected, WithRules(BuiltIn).Grant(Caller(user, null), ResourceScope.TryParse(asked)!).Actions);

    // Something is public under the rules of these tests.
    [Theory]
    [InlineData(None, null, null, Verdict.Allowed)]
    [InlineData(Basic, null, null, Verdict.Unauthorized)]
    [InlineData(Basic, "bob", null, Verdict.Allowed)]
    [InlineData(Token, null, null, Verdict.Unauthorized)]
    [InlineData(Token, null, "registry:catalog:*", Verdict.Allowed)]
    [InlineData(BuiltIn, null, null, Verdict.Unauthorized)]
    [InlineData(BuiltIn, null, "registry:catalog:*", Verdict.Allowed)]
    [InlineData(BuiltIn, null, "repository:public/app:pull", Verdict.Unauthorized)]
    public void The_catalog_asks_for_credentials_before_it_shows_the_public_part(AuthenticationKind kind, string? user, string? scope, Verdict expected) =>
        Assert.Equal(expected, WithRules(kind).Decide(Caller(user, scope), Permission.Catalog, default));

    [Theory]
    [InlineData(None, null, null, Verdict.Denied)]
    [InlineData(Basic, null, null, Verdict.Unauthorized)]
    [InlineData(Basic, "alice", null, Verdict.Denied)]
    [InlineData(Basic, "admin", null, Verdict.Allowed)]
    [InlineData(Token, "admin", "repository:team/app:*", Verdict.InsufficientScope)]
    [InlineData(Token, "admin", "registry:catalog:*", Verdict.Allowed)]
    [InlineData(Token, "alice", "registry:catalog:*", Verdict.Denied)]
    [InlineData(Token, null, "registry:catalog:*", Verdict.Unauthorized)]
    [InlineData(BuiltIn, "admin", null, Verdict.Allowed)]
    [InlineData(BuiltIn, "admin", "repository:team/app:pull", Verdict.InsufficientScope)]
    [InlineData(BuiltIn, null, "registry:catalog:*", Verdict.Unauthorized)]
    public void Maintenance_is_for_admins_with_a_token_for_the_whole_registry(AuthenticationKind kind, string? user, string? scope, Verdict expected)
    {
        Assert.Equal(expected, WithRules(kind).Decide(Caller(user, scope), Permission.Maintain, default));

        // Without rules, no caller is known to be an admin.
        Assert.NotEqual(Verdict.Allowed, new Authorizer(kind, null).Decide(Caller(user, scope), Permission.Maintain, default));
    }

    [Theory]
    [InlineData(Token, "*", Verdict.Denied)]
    [InlineData(Token, "$anonymous", Verdict.Denied)]
    public void A_user_who_is_called_like_a_group_is_not_that_group(AuthenticationKind kind, string user, Verdict expected)
    {
        var authorizer = new Authorizer(kind, () => AccessRulesReader.Read(
            """{"defaultPolicy":"deny","rules":[{"repository":"a","users":["$anonymous"],"permissions":["pull"]}]}"""u8));
        Assert.Equal(expected, authorizer.Decide(Caller(user, "repository:a:pull"), Permission.Pull, RepositoryName.Parse("a")));
    }

    private static Authorizer WithRules(AuthenticationKind kind)
    {
        var rules = AccessRulesReader.Read(Encoding.UTF8.GetBytes(Rules));
        return new Authorizer(kind, () => rules);
    }

    private static Identity Caller(string? user, string? scope) =>
        new(user, scope is null ? null : new TokenScope(ResourceScope.TryParse(scope) is { } granted ? [granted] : []));
}
