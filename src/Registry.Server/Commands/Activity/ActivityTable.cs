using Registry.Server.Api.Activity;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Activity;

/// <summary>Changes for people. Times are in UTC.</summary>
internal static class ActivityTable
{
    /// <summary>Writes the changes, one a line.</summary>
    public static void Write(TextWriter output, ActivityAnswer activity)
    {
        if (activity.Changes.Count == 0)
        {
            output.WriteLine("No such change is recorded in the repositories that you may pull from.");
            return;
        }

        // Only admins see where changes come from.
        TextTable.Write(
            output,
            ["TIME", "CHANGE", "WHAT", "NOW", "BY", "FROM"],
            activity.Changes.Select(change => (string[])[change.Time, change.Kind, What(change), Now(change), By(change), OriginText.From(change.Origin)]));
    }

    private static string What(ActivityEntryAnswer change) => change switch
    {
        { Tag: { } tag } => $"{change.Repository}:{tag}",
        { Digest: { } digest } => $"{change.Repository}@{digest}",
        _ => change.Repository,
    };

    private static string Now(ActivityEntryAnswer change) => change.NewName ?? (change.Tag is null ? "-" : change.Digest ?? "deleted");

    private static string By(ActivityEntryAnswer change)
    {
        var by = OriginText.By(change.Origin);
        return change.Reason is null ? by : $"{by} ({RemoteMessage.Printable(change.Reason)})";
    }
}
