using System.Text.Json;
using Registry.Core.Access.Identities;

namespace Registry.Core.Access.Tokens;

/// <summary>Outcome of <see cref="TokenValidator"/>: the claims of the token, or the reason for refusing it. The caller disposes it.</summary>
public sealed class TokenVerdict : IDisposable
{
    private TokenVerdict(JsonDocument? claims, LoginFault? fault)
    {
        Claims = claims;
        Fault = fault;
    }

    /// <summary>Claims of the token; null if it is refused.</summary>
    public JsonDocument? Claims { get; }

    /// <summary>Reason for the refusal; null if the token is valid.</summary>
    public LoginFault? Fault { get; }

    public static TokenVerdict Accept(JsonDocument claims) => new(claims, null);

    public static TokenVerdict Refuse(LoginFault fault) => new(null, fault);

    public void Dispose() => Claims?.Dispose();
}
