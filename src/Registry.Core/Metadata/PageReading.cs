using Registry.Core.Oci;

namespace Registry.Core.Metadata;

/// <summary>How the engines read pages of sorted lists.</summary>
public static class PageReading
{
    /// <summary>Makes a page of rows, of which at least one more than the limit was asked for.</summary>
    public static Page<T> ToPage<T>(this List<T> rows, int limit)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return rows.Count > limit ? new Page<T>(rows.GetRange(0, limit), true) : new Page<T>(rows, false);
    }

    /// <summary>Reads the rows of ranges, one range after the other, until there are enough.</summary>
    /// <param name="ranges">The ranges, in ordinal order, without overlap.</param>
    /// <param name="last">Name after which the rows begin; null for the first one.</param>
    /// <param name="count">Greatest number of rows.</param>
    /// <param name="read">Reads up to a number of rows of a range.</param>
    public static List<T> Read<T>(this IReadOnlyList<RepositoryRange> ranges, string? last, long count, Func<RepositoryRange, long, List<T>> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        List<T> rows = [];
        foreach (var range in After(ranges, last))
        {
            rows.AddRange(read(range, count - rows.Count));
            if (rows.Count >= count)
            {
                break;
            }
        }

        return rows;
    }

    /// <inheritdoc cref="Read"/>
    public static async Task<List<T>> ReadAsync<T>(this IReadOnlyList<RepositoryRange> ranges, string? last, long count, Func<RepositoryRange, long, Task<List<T>>> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        List<T> rows = [];
        foreach (var range in After(ranges, last))
        {
            rows.AddRange(await read(range, count - rows.Count));
            if (rows.Count >= count)
            {
                break;
            }
        }

        return rows;
    }

    private static IEnumerable<RepositoryRange> After(IReadOnlyList<RepositoryRange> ranges, string? last) =>
        ranges.Select(range => range.After(last)).Where(range => !range.IsEmpty);
}
