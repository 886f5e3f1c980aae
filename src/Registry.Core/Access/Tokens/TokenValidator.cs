using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Registry.Core.Access.Identities;

namespace Registry.Core.Access.Tokens;

/// <summary>
/// Validates tokens (JWT, RFC 7519; Docker's "Token Authentication Implementation"): signed by a configured key with an asymmetric algorithm,
/// from the issuer, for this service, within their lifetime. Refuses keys inside a token, encryption, compression, and tokens of implausible
/// size. The caller is never told why a token was refused.
/// </summary>
public sealed class TokenValidator
{
    /// <summary>Length of the longest token, in characters.</summary>
    public const int MaxLength = 8 * 1024;

    private static readonly string[] Algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);
    private static readonly TokenVerdict Malformed = TokenVerdict.Refuse(new LoginFault("malformed token"));
    private static readonly string[] RefusedHeaders = ["jwk", "jku", "x5u", "zip", "crit", "enc"];

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = MaxLength };
    private readonly string _issuer;
    private readonly string _service;
    private readonly Func<IReadOnlyList<SecurityKey>> _keys;
    private readonly TimeProvider _time;

    /// <summary>Creates a validator for the tokens of one issuer for one service.</summary>
    public TokenValidator(string issuer, string service, Func<IReadOnlyList<SecurityKey>> keys, TimeProvider time)
    {
        _issuer = issuer;
        _service = service;
        _keys = keys;
        _time = time;
    }

    /// <summary>Validates a token.</summary>
    public async ValueTask<TokenVerdict> ValidateAsync(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (token.Length is 0 or > MaxLength || token.Count(c => c == '.') != 2 || !HasPlainHeader(token))
        {
            return Malformed;
        }

        var keys = _keys();
        var result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = _issuer,
            ValidAudience = _service,
            IssuerSigningKeyResolver = (_, _, id, _) => KeysFor(id, keys),
            ValidAlgorithms = Algorithms,
            RequireSignedTokens = true,
            RequireAudience = true,

            // Checked below, with the injected clock and a separate reason for an expired token.
            ValidateLifetime = false,
        });
        if (!result.IsValid)
        {
            return TokenVerdict.Refuse(FaultOf(result.Exception));
        }

        JsonDocument claims;
        try
        {
            claims = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.Split('.')[1]), new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            return Malformed;
        }

        if (FaultOfTimes((JsonWebToken)result.SecurityToken, TokenClaims.String(claims, "sub")) is not { } fault)
        {
            return TokenVerdict.Accept(claims);
        }

        claims.Dispose();
        return TokenVerdict.Refuse(fault);
    }

    // Several keys, of different types for instance, may have the same identifier (RFC 7517, section 4.5): any of them may have signed. So may
    // any key of the file if the token has no identifier, or an unknown one.
    private static IEnumerable<SecurityKey> KeysFor(string? id, IReadOnlyList<SecurityKey> keys) =>
        !string.IsNullOrEmpty(id) && keys.Any(key => key.KeyId == id) ? keys.Where(key => key.KeyId == id) : keys;

    // A skew of one minute. A missing exp reads as DateTime.MinValue, one beyond the year 9999 as MaxValue; adding to either would overflow.
    private LoginFault? FaultOfTimes(JsonWebToken token, string? user)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        return token.ValidTo <= now - Skew ? new LoginFault("expired token", user, IsRoutine: true)
            : token.ValidFrom > now + Skew ? new LoginFault("token that is not valid yet", user)
            : null;
    }

    private static LoginFault FaultOf(Exception? exception) => new(exception switch
    {
        SecurityTokenInvalidIssuerException => "token of another issuer",
        SecurityTokenInvalidAudienceException => "token for another service",
        ArgumentException => "malformed token",
        _ => "token that no configured key has signed",
    });

    private static bool HasPlainHeader(string token)
    {
        try
        {
            using var header = JsonDocument.Parse(
                Base64UrlEncoder.DecodeBytes(token[..token.IndexOf('.', StringComparison.Ordinal)]),
                new JsonDocumentOptions { AllowDuplicateProperties = false });
            return header.RootElement.ValueKind == JsonValueKind.Object
                && !RefusedHeaders.Any(name => header.RootElement.TryGetProperty(name, out _));
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            return false;
        }
    }
}
