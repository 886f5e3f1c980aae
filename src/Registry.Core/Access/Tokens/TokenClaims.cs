using System.Text.Json;
using Registry.Core.Access.Rules;

namespace Registry.Core.Access.Tokens;

/// <summary>Reads the claims of a token that the registry uses.</summary>
internal static class TokenClaims
{
    /// <summary>Reads a claim that is a string; null if it is missing or has another type.</summary>
    public static string? String(JsonDocument claims, string name) =>
        claims.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Reads a claim that is <c>true</c>; false if it is missing or anything else.</summary>
    public static bool Boolean(JsonDocument claims, string name) =>
        claims.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    /// <summary>Reads the <c>access</c> claim. Entries that cannot be understood grant nothing.</summary>
    public static TokenScope Scope(JsonDocument claims)
    {
        if (!claims.RootElement.TryGetProperty("access", out var access) || access.ValueKind != JsonValueKind.Array)
        {
            return new TokenScope([]);
        }

        return new TokenScope(access.EnumerateArray().Select(ReadEntry).OfType<ResourceScope>());
    }

    private static ResourceScope? ReadEntry(JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object
            || !entry.TryGetProperty("type", out var type) || type.ValueKind != JsonValueKind.String
            || !entry.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String
            || !entry.TryGetProperty("actions", out var actions) || actions.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        // One action a string. Only the scope parameter of a request joins several with commas.
        var words = actions.EnumerateArray().Where(word => word.ValueKind == JsonValueKind.String).Select(word => word.GetString()!);
        return ResourceScope.TryParse(type.GetString()!, name.GetString()!, words);
    }
}
