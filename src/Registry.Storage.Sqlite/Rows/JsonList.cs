using System.Globalization;
using System.Text;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>Lists as JSON arrays, which a single statement reads with <c>json_each</c>. No value needs an escape.</summary>
internal static class JsonList
{
    /// <summary>An array of row ids.</summary>
    public static string Of(params ReadOnlySpan<long> ids)
    {
        var text = new StringBuilder("[", 2 + (8 * ids.Length));
        foreach (var id in ids)
        {
            Separate(text).Append(CultureInfo.InvariantCulture, $"{id}");
        }

        return text.Append(']').ToString();
    }

    /// <summary>An array of digests, tags or names.</summary>
    public static string Of(IReadOnlyCollection<string> values)
    {
        var text = new StringBuilder("[", 2 + (75 * values.Count));
        foreach (var value in values)
        {
            Separate(text).Append('"').Append(value).Append('"');
        }

        return text.Append(']').ToString();
    }

    /// <summary>An object of numbers.</summary>
    public static string Of(IEnumerable<KeyValuePair<string, long>> values)
    {
        var text = new StringBuilder("{");
        foreach (var (name, value) in values)
        {
            Separate(text).Append('"').Append(name).Append(CultureInfo.InvariantCulture, $"\":{value}");
        }

        return text.Append('}').ToString();
    }

    private static StringBuilder Separate(StringBuilder text) => text.Length > 1 ? text.Append(',') : text;
}
