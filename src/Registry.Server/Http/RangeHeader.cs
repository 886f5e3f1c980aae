using System.Globalization;

namespace Registry.Server.Http;

/// <summary>The Range header of a GET (RFC 9110, section 14.2).</summary>
internal static class RangeHeader
{
    // Twice what podman asks for at once, which is 1,024: the chunks of a layer that it does not have.
    private const int MaxRanges = 2048;

    // In any order, and overlapping; more must be ascending. "Many small ranges that are not listed in ascending order" and "more than two
    // overlapping ranges" are signs of an attack (RFC 9110, section 14.2).
    private const int MaxUnordered = 32;

    /// <summary>What a Range header asks of a file of some size.</summary>
    /// <returns>
    /// Null when it is to be ignored (another unit, not a range at all, too many parts); an empty list when nothing of it can be satisfied.
    /// A reversed range counts as unsatisfiable, as the spec's conformance program has it.
    /// </returns>
    public static IReadOnlyList<ByteRange>? Parse(string? header, long size)
    {
        const string Unit = "bytes=";
        if (header is null || !header.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var ranges = new List<ByteRange>();
        var specs = header.AsSpan(Unit.Length);
        var count = 0;
        var isAscending = true;
        foreach (var part in specs.Split(','))
        {
            var spec = specs[part].Trim();
            if (spec.IsEmpty)
            {
                continue;
            }

            if (++count > MaxRanges || !TryParse(spec, size, out var range))
            {
                return null;
            }

            if (range.Length > 0)
            {
                isAscending &= ranges.Count == 0 || range.Offset > ranges[^1].Last;
                ranges.Add(range);
            }
        }

        return count == 0 || (!isAscending && ranges.Count > MaxUnordered) ? null : ranges;
    }

    // False when it is no range; a range that cannot be satisfied has length 0.
    private static bool TryParse(ReadOnlySpan<char> spec, long size, out ByteRange range)
    {
        range = default;
        var dash = spec.IndexOf('-');
        if (dash < 0)
        {
            return false;
        }

        var from = spec[..dash].Trim();
        var to = spec[(dash + 1)..].Trim();
        if (from.IsEmpty)
        {
            if (!TryParseNumber(to, out var suffix))
            {
                return false;
            }

            var length = Math.Min(suffix, size);
            range = new ByteRange(size - length, length);
            return true;
        }

        if (!TryParseNumber(from, out var first))
        {
            return false;
        }

        var last = size - 1;
        if (!to.IsEmpty)
        {
            if (!TryParseNumber(to, out var given))
            {
                return false;
            }

            last = Math.Min(given, last);
        }

        range = first <= last ? new ByteRange(first, last - first + 1) : default;
        return true;
    }

    // Numbers too large for 64 bits are valid, and as good as the largest.
    private static bool TryParseNumber(ReadOnlySpan<char> text, out long number)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            return true;
        }

        number = long.MaxValue;
        return text.Length > 18 && text.IndexOfAnyExceptInRange('0', '9') < 0;
    }
}
