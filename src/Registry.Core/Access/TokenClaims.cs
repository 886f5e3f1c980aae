using System.Text.Json;

namespace Registry.Core.Access;

/// <summary>What the registry reads of a token's claims.</summary>
internal static class TokenClaims
{
    /// <summary>A claim that is a string; null when it is missing or something else.</summary>
    public static string? String(JsonDocument claims, string name) =>
        claims.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A claim that is <c>true</c>; false when it is missing or something else.</summary>
    public static bool Boolean(JsonDocument claims, string name) =>
        claims.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    /// <summary>The <c>access</c> claim: entries that are not understood grant nothing.</summary>
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

        // A list of actions, one a string: only the scope of a request puts several into one, with commas.
        var words = actions.EnumerateArray().Where(word => word.ValueKind == JsonValueKind.String).Select(word => word.GetString()!);
        return ResourceScope.TryParse(type.GetString()!, name.GetString()!, words);
    }
}
