using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Registry.Core.Access;

/// <summary>
/// Checks tokens (JWT, RFC 7519; Docker's "Token Authentication Implementation"): signed by a configured key with an asymmetric algorithm,
/// from the issuer, for this service, in time. Keys inside a token, encryption and compression are refused, and so is a token that is too large to
/// be honest. Why a token was refused is never said.
/// </summary>
public sealed class TokenValidator
{
    /// <summary>The longest token, in characters.</summary>
    public const int MaxLength = 8 * 1024;

    private static readonly string[] Algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
    private static readonly string[] RefusedHeaders = ["jwk", "jku", "x5u", "zip", "crit", "enc"];

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = MaxLength };
    private readonly string _issuer;
    private readonly string _service;
    private readonly Func<IReadOnlyList<SecurityKey>> _keys;
    private readonly TimeProvider _time;

    /// <summary>Checks tokens of one issuer for one service.</summary>
    public TokenValidator(string issuer, string service, Func<IReadOnlyList<SecurityKey>> keys, TimeProvider time)
    {
        _issuer = issuer;
        _service = service;
        _keys = keys;
        _time = time;
    }

    /// <summary>The claims of a token; null when it is refused. The caller disposes the result.</summary>
    public async ValueTask<JsonDocument?> ValidateAsync(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (token.Length is 0 or > MaxLength || token.Count(c => c == '.') != 2 || !HasPlainHeader(token))
        {
            return null;
        }

        var result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = _issuer,
            ValidAudience = _service,
            IssuerSigningKeys = _keys(),
            TryAllIssuerSigningKeys = true,
            ValidAlgorithms = Algorithms,
            RequireExpirationTime = true,
            RequireSignedTokens = true,
            RequireAudience = true,
            LifetimeValidator = IsInTime,
        });
        if (!result.IsValid)
        {
            return null;
        }

        try
        {
            return JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.Split('.')[1]), new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            return null;
        }
    }

    // A minute of skew (the library's default would be five), by our own clock.
    private bool IsInTime(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters parameters)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        var skew = TimeSpan.FromMinutes(1);
        return expires is { } end && now < end + skew && (notBefore is not { } begin || now >= begin - skew);
    }

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
