using Registry.Server.Api.History;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Tags;

/// <summary>Histories and states of tags for people. Times are in UTC, in the form that <c>--at</c> takes.</summary>
internal static class HistoryTable
{
    private const string Deleted = "deleted";
    private const string None = "-";

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

        // Only admins see where changes come from.
        TextTable.Write(
            output,
            ["TIME", "DIGEST", "BEFORE", "BY", "FROM"],
            history.Entries.Select(entry => (string[])[entry.Time, entry.Digest ?? Deleted, Short(entry.Previous), By(entry), OriginText.From(entry.Origin)]));
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
        $"{entry.Time} by {By(entry)}{(OriginText.From(entry.Origin) is { Length: > 0 } from ? $" from {from}" : string.Empty)}";

    private static string By(HistoryEntryAnswer entry)
    {
        var by = OriginText.By(entry.Origin);
        return entry.Reason is null ? by : $"{by} ({RemoteMessage.Printable(entry.Reason)})";
    }

    private static string Short(string? digest)
    {
        var colon = digest?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        return digest is null ? None : colon < 0 || digest.Length <= colon + 1 + ShortDigits ? digest : digest[..(colon + 1 + ShortDigits)];
    }
}
