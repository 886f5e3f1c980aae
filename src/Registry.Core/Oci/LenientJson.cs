using System.Text.Json;

namespace Registry.Core.Oci;

/// <summary>
/// Reads JSON that clients have pushed, for lists and pages: what has another type than the specification says is absent. Texts with escapes that are no characters are, too.
/// </summary>
public static class LenientJson
{
    /// <summary>Largest number of entries of a list or object that are read.</summary>
    public const int MaxEntries = 200;

    /// <summary>Parses a text; null if it is no JSON object, or nested too deeply.</summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A text; null if there is none.</summary>
    public static string? Text(this JsonElement element, string name) => element.Member(name) is { ValueKind: JsonValueKind.String } value ? TextOf(value) : null;

    /// <summary>A member of an object; null if there is none.</summary>
    public static JsonElement? Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    /// <summary>The texts of a list; a text alone counts as a list of one.</summary>
    public static IReadOnlyList<string> Texts(this JsonElement element, string name) => element.Member(name) switch
    {
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Take(MaxEntries).Where(one => one.ValueKind == JsonValueKind.String).Select(TextOf).OfType<string>()],
        { ValueKind: JsonValueKind.String } one when TextOf(one) is { } text => [text],
        _ => [],
    };

    /// <summary>The entries of an object whose values are texts.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Pairs(this JsonElement element, string name) => element.Member(name) is { } value ? PairsOf(value) : [];

    /// <summary>The names of the entries of an object.</summary>
    public static IReadOnlyList<string> Names(this JsonElement element, string name) => element.Member(name) is { ValueKind: JsonValueKind.Object } value
        ? [.. value.EnumerateObject().Take(MaxEntries).Select(NameOf).OfType<string>()]
        : [];

    /// <summary>The entries of an object whose values are texts.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> PairsOf(JsonElement value) => value.ValueKind == JsonValueKind.Object
        ? [.. value.EnumerateObject().Take(MaxEntries).Where(entry => entry.Value.ValueKind == JsonValueKind.String)
            .Select(entry => (Name: NameOf(entry), Value: TextOf(entry.Value))).Where(entry => entry is { Name: not null, Value: not null })
            .Select(entry => KeyValuePair.Create(entry.Name!, entry.Value!))]
        : [];

    // "\ud800" is an escape, and no character.
    public static string? TextOf(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string? NameOf(JsonProperty entry)
    {
        try
        {
            return entry.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
