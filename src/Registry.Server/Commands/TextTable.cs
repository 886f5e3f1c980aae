namespace Registry.Server.Commands;

/// <summary>Tables for people: columns that are as wide as their longest cell.</summary>
internal static class TextTable
{
    private const string Gap = "  ";

    /// <summary>Writes rows under a heading. The last column is left out when it is empty in all of them.</summary>
    public static void Write(TextWriter output, string[] heading, IEnumerable<string[]> cells)
    {
        List<string[]> rows = [heading, .. cells];
        var columns = rows.Skip(1).Any(row => row[^1].Length > 0) ? heading.Length : heading.Length - 1;
        WriteRows(output, [.. rows.Select(row => row[..columns])]);
    }

    /// <summary>Writes rows that have the same number of cells.</summary>
    public static void WriteRows(TextWriter output, IReadOnlyList<string[]> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            output.WriteLine(string.Join(Gap, row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }
}
