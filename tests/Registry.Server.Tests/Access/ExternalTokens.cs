using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Registry.Server.Tests.Access;

/// <summary>Creates valid tokens of an external service, and invalid ones.</summary>
internal sealed class ExternalTokens(RSA key)
{
    /// <summary>Claims of a valid token.</summary>
    /// <param name="user">The user.</param>
    /// <param name="now">Time of issue; the token is valid for five minutes.</param>
    /// <param name="access">Grants, each as <c>type:name:action,action</c>.</param>
    public static JsonObject Claims(string user, DateTimeOffset now, params string[] access) => new()
    {
        ["iss"] = AccessFolder.Issuer,
        ["sub"] = user,
        ["aud"] = AccessFolder.Service,
        ["exp"] = now.ToUnixTimeSeconds() + 300,
        ["nbf"] = now.ToUnixTimeSeconds(),
        ["iat"] = now.ToUnixTimeSeconds(),
        ["access"] = new JsonArray([.. access.Select(scope => scope.Split(':')).Select(scope => new JsonObject
        {
            ["type"] = scope[0],
            ["name"] = scope[1],
            ["actions"] = new JsonArray([.. scope[2].Split(',').Select(action => JsonValue.Create(action))]),
        })]),
    };

    public static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    public static string Encode(string text) => Encode(Encoding.UTF8.GetBytes(text));

    /// <summary>Signs claims.</summary>
    public string Sign(
        JsonObject claims,
        Action<JsonObject>? header = null,
        RSA? otherKey = null,
        HashAlgorithmName? hash = null,
        RSASignaturePadding? padding = null)
    {
        var head = new JsonObject { ["alg"] = "RS256", ["typ"] = "JWT" };
        header?.Invoke(head);
        return Sign(head.ToJsonString(), claims.ToJsonString(), otherKey, hash, padding);
    }

    /// <summary>Signs any bytes.</summary>
    public string Sign(string header, string payload, RSA? otherKey = null, HashAlgorithmName? hash = null, RSASignaturePadding? padding = null)
    {
        var signed = $"{Encode(header)}.{Encode(payload)}";
        var signature = (otherKey ?? key).SignData(
            Encoding.ASCII.GetBytes(signed), hash ?? HashAlgorithmName.SHA256, padding ?? RSASignaturePadding.Pkcs1);
        return $"{signed}.{Encode(signature)}";
    }
}
