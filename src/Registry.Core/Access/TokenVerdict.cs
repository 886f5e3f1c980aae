using System.Text.Json;

namespace Registry.Core.Access;

/// <summary>What <see cref="TokenValidator"/> makes of a token: its claims, or why it is refused. The caller disposes it.</summary>
public sealed class TokenVerdict : IDisposable
{
    private TokenVerdict(JsonDocument? claims, LoginFault? fault)
    {
        Claims = claims;
        Fault = fault;
    }

    /// <summary>The claims; null when the token is refused.</summary>
    public JsonDocument? Claims { get; }

    /// <summary>Why it is refused; null when it is not.</summary>
    public LoginFault? Fault { get; }

    public static TokenVerdict Accept(JsonDocument claims) => new(claims, null);

    public static TokenVerdict Refuse(LoginFault fault) => new(null, fault);

    public void Dispose() => Claims?.Dispose();
}
