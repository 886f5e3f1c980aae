using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Registry.Core.Oci;

namespace Registry.Mirror.Upstreams.Authentication;

/// <summary>Token of the token service of an upstream.</summary>
/// <param name="Text">The token, for a header.</param>
/// <param name="GrantsPull">False if the token says that it grants no pull: what it does not find may be there.</param>
/// <param name="Expiry">Timestamp of the clock from which it is not used any more.</param>
internal sealed record UpstreamToken(string Text, bool GrantsPull, long Expiry)
{
    // Longer ones do not fit into the head of a request at most registries.
    private const int MaxLength = 32 * 1024;

    /// <summary>The lifetime of a token without one (Docker's "Token Authentication Specification").</summary>
    private const int DefaultLifetime = 60;

    // A token is asked for again at least as often.
    private const int LongestLifetime = 60 * 60;

    /// <summary>Reads the answer of a token service; null if it has no token.</summary>
    /// <param name="body">The answer.</param>
    /// <param name="asked">Timestamp at which it was asked for.</param>
    /// <param name="frequency">Timestamps of the clock in a second.</param>
    public static UpstreamToken? Read(ReadOnlyMemory<byte> body, long asked, long frequency)
    {
        using var document = LenientJson.Parse(body);
        if (document is null || (TextOf(document, "token") ?? TextOf(document, "access_token")) is not { } text)
        {
            return null;
        }

        var lifetime = document.RootElement.Member("expires_in") is { ValueKind: JsonValueKind.Number } value
            ? value.TryGetDouble(out var seconds) ? Math.Clamp(seconds, 0, LongestLifetime) : 0
            : DefaultLifetime;
        return new UpstreamToken(text, DoesGrantPull(text), asked + (long)(lifetime * frequency));
    }

    // Anything else would be another header.
    private static string? TextOf(JsonDocument document, string name) =>
        document.RootElement.Text(name) is { Length: > 0 and <= MaxLength } text && text.All(c => c is > ' ' and < '\x7f') ? text : null;

    // Services grant less than was asked for in place of refusing ("Token Authentication Specification", and "Token Authentication Implementation" for the claim). A token of
    // another form is the upstream's own business.
    private static bool DoesGrantPull(string token)
    {
        if (token.Split('.') is not [_, var payload, _] || Decode(payload) is not { } json)
        {
            return true;
        }

        using var claims = LenientJson.Parse(json);
        return claims?.RootElement.Member("access") is not { ValueKind: JsonValueKind.Array } access ||
            access.EnumerateArray().Any(one => one.Text("type") == "repository" && one.Texts("actions").Any(action => action is "pull" or "*"));
    }

    private static byte[]? Decode(string payload)
    {
        var bytes = new byte[Base64Url.GetMaxDecodedLength(payload.Length)];
        return Base64Url.TryDecodeFromUtf8(Encoding.ASCII.GetBytes(payload), bytes, out var count) ? bytes[..count] : null;
    }
}
