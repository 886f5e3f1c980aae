using Registry.Server.Api;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Tags;

/// <summary>Histories and states of tags for people. Times are in UTC, in the form that <c>--at</c> takes.</summary>
internal static class HistoryTable
{
    private const string Deleted = "deleted";
    private const string None = "-";
    private const string Gap = "  ";

    // Enough to tell two digests of a page apart; the whole one is in the row below.
    private const int ShortDigits = 12;

    /// <summary>Writes the changes, one a line.</summary>
    public static void Write(TextWriter output, TagHistoryAnswer history)
    {
        if (history.Entries.Count == 0)
        {
            output.WriteLine($"No change of {history.Repository}:{history.Tag} is recorded: it was set before the registry recorded changes.");
            return;
        }

        List<string[]> rows =
        [
            ["TIME", "DIGEST", "BEFORE", "BY", "FROM"],
            .. history.Entries.Select(entry => (string[])[entry.Time, entry.Digest ?? Deleted, Short(entry.Previous), By(entry), From(entry.Origin)]),
        ];

        // Only admins see where changes come from.
        var columns = rows.Skip(1).Any(row => row[^1].Length > 0) ? rows[0].Length : rows[0].Length - 1;
        var widths = Enumerable.Range(0, columns).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            output.WriteLine(string.Join(Gap, row.Take(columns).Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }

    /// <summary>Writes the state, and the changes around it.</summary>
    public static void Write(TextWriter output, TagStateAnswer state)
    {
        output.WriteLine($"digest  {state.Digest ?? "none: there was no such tag"}");
        if (state.Since is { } since)
        {
            output.WriteLine($"since   {Describe(since)}; before: {since.Previous ?? "no such tag"}");
        }

        if (state.Until is { } until)
        {
            output.WriteLine($"until   {Describe(until)}; then: {until.Digest ?? Deleted}");
        }
    }

    private static string Describe(HistoryEntryAnswer entry) =>
        $"{entry.Time} by {By(entry)}{(From(entry.Origin) is { Length: > 0 } from ? $" from {from}" : string.Empty)}";

    private static string By(HistoryEntryAnswer entry)
    {
        var actor = entry.Origin.Actor is { } name ? RemoteMessage.Printable(name) : null;
        var by = entry.Origin.Source switch
        {
            "request" => actor ?? "anonymous",
            "command" => $"{actor ?? "a user"} (command)",
            "collector" => "the registry",
            _ => actor ?? "unknown",
        };
        return entry.Reason is null ? by : $"{by} ({RemoteMessage.Printable(entry.Reason)})";
    }

    private static string From(OriginAnswer origin) => RemoteMessage.Printable(string.Join(", ", new[]
    {
        origin.Address,
        origin.Client,
        origin.RequestId is null ? null : $"request {origin.RequestId}",
    }.OfType<string>()));

    private static string Short(string? digest)
    {
        var colon = digest?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        return digest is null ? None : colon < 0 || digest.Length <= colon + 1 + ShortDigits ? digest : digest[..(colon + 1 + ShortDigits)];
    }
}
