using System.Security.Cryptography;
using Registry.Core.Access;
using Registry.Core.Access.Rules;
using Registry.Core.Access.Tokens;

namespace Registry.Server.Tests.Access;

/// <summary>Caller with its credentials and its permissions for team/app under the shared rules.</summary>
internal sealed record AccessCaller(string Name, AuthenticationKind Kind, (string, string)? Header)
{
    // Whatever the rules allow, the token does not stand in the way.
    private static readonly string[] Everything =
    [
        "repository:team/app:*", "repository:team/nil:*", "repository:public/app:pull,push,delete", "repository:public/nil:pull,push,delete", "registry:catalog:*",
    ];

    public RepositoryActions Rights { get; init; }

    public bool IsAdmin { get; init; }

    /// <summary>True for a token that was issued for another repository only.</summary>
    public bool IsOfOther { get; init; }

    /// <summary>True when the credentials are refused.</summary>
    public bool IsBad { get; init; }

    public bool HasToken => Header?.Item2.StartsWith("Bearer", StringComparison.Ordinal) == true;

    /// <summary>Caller without authentication.</summary>
    public bool IsAnonymous => Header is null || Kind == AuthenticationKind.None;

    public static AccessCaller Anonymous(AuthenticationKind kind) => new("anonymous", kind, null);

    /// <summary>A user with a password, or a token of the external service.</summary>
    public static AccessCaller Good(AccessFolder folder, AuthenticationKind kind, string user) => new(
        user,
        kind,
        kind == AuthenticationKind.Token
            ? AccessFolder.Bearer(folder.Tokens.Sign(ExternalTokens.Claims(user, DateTimeOffset.UtcNow, Everything)))
            : AccessFolder.Basic(user));

    /// <summary>Creates all kinds of callers for a kind of authentication. The clock advances, so that a token expires.</summary>
    public static async Task<IReadOnlyList<AccessCaller>> AllAsync(
        TestRegistry registry, AccessFolder folder, AuthenticationKind kind, ShiftedClock time)
    {
        List<AccessCaller> callers =
        [
            Anonymous(kind),
            new("alice with a wrong password", kind, AccessFolder.Basic("alice", "wrong")) { IsBad = true },
            new("somebody unknown", kind, AccessFolder.Basic("nobody", "wrong")) { IsBad = true },
            new("no scheme", kind, ("Authorization", "alice")) { IsBad = true },
            new("another scheme", kind, ("Authorization", "Digest username=alice")) { IsBad = true },
            new("a token of another key", kind, AccessFolder.Bearer(OfAnotherKey())) { IsBad = true },
        ];
        if (kind is AuthenticationKind.Token)
        {
            var expired = folder.Tokens.Sign(ExternalTokens.Claims("alice", time.GetUtcNow().AddMinutes(-10), Everything));
            callers.Add(new("an expired token", kind, AccessFolder.Bearer(expired)) { IsBad = true });
            var other = folder.Tokens.Sign(ExternalTokens.Claims("alice", time.GetUtcNow(), "repository:team/other:*"));
            callers.Add(new("a token of another repository", kind, AccessFolder.Bearer(other)) { Rights = RepositoryActions.All, IsOfOther = true });
        }

        if (kind is AuthenticationKind.BuiltInToken)
        {
            callers.Add(new("an expired token", kind, await TokenAsync(registry, "alice")) { IsBad = true });
            time.Advance(BuiltInTokens.AccessLifetime + TimeSpan.FromMinutes(2));
            callers.AddRange([
                new("alice with a token", kind, await TokenAsync(registry, "alice")) { Rights = RepositoryActions.All },
                new("alice with a token of another repository", kind, await TokenAsync(registry, "alice", "repository:team/other:*")) { Rights = RepositoryActions.All, IsOfOther = true },
                new("bob with a token", kind, await TokenAsync(registry, "bob")),
                new("admin with a token", kind, await TokenAsync(registry, "admin")) { Rights = RepositoryActions.All, IsAdmin = true },
            ]);
        }

        var isOpen = kind == AuthenticationKind.None;
        return
        [
            .. callers,
            Good(folder, kind, "alice") with { Rights = isOpen ? RepositoryActions.None : RepositoryActions.All },
            Good(folder, kind, "bob"),
            Good(folder, kind, "admin") with { Rights = isOpen ? RepositoryActions.None : RepositoryActions.All, IsAdmin = !isOpen },
        ];
    }

    private static string OfAnotherKey()
    {
        using var key = RSA.Create(2048);
        return new ExternalTokens(key).Sign(ExternalTokens.Claims("alice", DateTimeOffset.UtcNow, Everything));
    }

    private static async Task<(string, string)> TokenAsync(TestRegistry registry, string user, params string[] scopes)
    {
        var scope = string.Join(' ', scopes.Length == 0 ? Everything : scopes);
        var answer = await registry.Client.GetAnswerAsync($"/token?scope={Uri.EscapeDataString(scope)}", AccessFolder.Basic(user));
        return AccessFolder.Bearer(Check.Status(200, answer).Json.GetProperty("token").GetString()!);
    }
}
