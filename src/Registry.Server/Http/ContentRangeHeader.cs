using System.Globalization;
using Registry.Core.Uploads;

namespace Registry.Server.Http;

/// <summary>Content-Range of a chunk: <c>0-1023</c> as in the spec, or <c>bytes 0-1023/*</c> as .NET clients send it.</summary>
internal static class ContentRangeHeader
{
    public static bool TryParse(ReadOnlySpan<char> value, out ChunkRange range)
    {
        range = default;
        value = value.Trim();
        if (value.StartsWith("bytes ", StringComparison.OrdinalIgnoreCase))
        {
            value = value["bytes ".Length..];
            var slash = value.IndexOf('/');
            value = slash < 0 ? value : value[..slash];
        }

        var dash = value.IndexOf('-');
        if (dash < 0
            || !long.TryParse(value[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            || !long.TryParse(value[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            || last < first || last == long.MaxValue)
        {
            return false;
        }

        range = new ChunkRange(first, last);
        return true;
    }
}
