using System.Globalization;

namespace Registry.Server.Http.Ranges;

/// <summary>Range header of a GET request (RFC 9110, section 14.2).</summary>
internal static class RangeHeader
{
    // Twice the 1,024 ranges that podman requests at once, for the missing chunks of a layer.
    private const int MaxRanges = 2048;

    // This many ranges may overlap and be in any order; more must be ascending. "Many small ranges that are not listed in ascending order" and
    // "more than two overlapping ranges" are signs of an attack (RFC 9110, section 14.2).
    private const int MaxUnordered = 32;

    /// <summary>Parses a Range header for a file of a given size.</summary>
    /// <returns>
    /// Null when the header is ignored (another unit, a syntax error, too many ranges); an empty list when no range can be satisfied. A reversed
    /// range counts as unsatisfiable, as the spec's conformance program expects.
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

    // False for a syntax error. A range that cannot be satisfied has length 0.
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

    // Numbers that overflow 64 bits are valid, and count as the largest number.
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
