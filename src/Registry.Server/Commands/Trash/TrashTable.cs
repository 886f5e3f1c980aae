using Registry.Core.Configuration;
using Registry.Core.Errors;
using Registry.Server.Api.Trash;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Trash;

/// <summary>Deleted manifests for people. Times are in UTC.</summary>
internal static class TrashTable
{
    private const string None = "-";
    private const int MaxTags = 5;

    /// <summary>Writes the entries, one a line.</summary>
    /// <param name="output">The output.</param>
    /// <param name="trash">The entries.</param>
    /// <param name="repository">The repository that they are of; null for all.</param>
    public static void Write(TextWriter output, TrashAnswer trash, string? repository)
    {
        if (trash.Entries.Count == 0)
        {
            output.WriteLine($"The trash{(repository is null ? "" : $" of {repository}")} is empty: nothing was deleted, or its time in the trash is over.");
            return;
        }

        // The first column is what 'restore' and 'purge' take.
        TextTable.Write(
            output,
            ["IMAGE", "DELETED", "BY", "GOES IN", "SIZE", "COMPLETE", "TAGS", "FROM"],
            trash.Entries.Select(entry => (string[])
            [
                $"{entry.Repository}@{entry.Digest}",
                entry.Time,
                OriginText.By(entry.Origin),
                GoesIn(entry.ExpiresIn),
                ByteSize.Describe(entry.HeldSize),
                entry.Complete ? "yes" : "no",
                Tags(entry),
                OriginText.From(entry.Origin),
            ]));
    }

    /// <summary>Writes what a restore has done.</summary>
    public static void Write(TextWriter output, TrashRestoreAnswer restored)
    {
        output.WriteLine(
            $"{restored.Repository}@{restored.Digest} is back {(restored.Tags.Count == 0 ? "without a tag" : $"with {Count.Of(restored.Tags.Count, "tag")}: {string.Join(", ", restored.Tags)}")}");
        foreach (var kept in restored.Kept)
        {
            output.WriteLine(kept.Digest == restored.Digest
                ? $"tag {kept.Tag} refers to it already"
                : $"tag {kept.Tag} was left alone: it refers to {kept.Digest} now; 'registry tag rollback {restored.Repository}:{kept.Tag} --to {restored.Digest}' sets it back");
        }
    }

    /// <summary>Writes what a purge has done.</summary>
    public static void Write(TextWriter output, TrashPurgeAnswer purged)
    {
        output.WriteLine($"{purged.Repository}@{purged.Digest} is gone for good, with what only it held. Removed from {purged.Repository}: {purged.Content.Count} {(purged.Content.Count == 1 ? "blob or manifest" : "blobs and manifests")}");
        foreach (var content in purged.Content)
        {
            output.WriteLine(
                content.Stored is not true ? $"  {content.Digest}"
                : content.HeldBy.Count > 0 ? $"  {content.Digest}  the bytes stay: {string.Join(", ", content.HeldBy)} has it, or has it in its trash"
                : $"  {content.Digest}  the bytes stay: another repository has it, or has it in its trash");
        }

        if (purged.Content.Any(content => content.Stored is null))
        {
            output.WriteLine("The bytes stay where a repository from which you may not pull has the same, or has it in its trash; an admin of the registry is told by the same command.");
        }

        if (purged.Left.Count > 0)
        {
            output.WriteLine("Bytes are left, or may be, in:");
            foreach (var left in purged.Left)
            {
                output.WriteLine($"  {RemoteMessage.Printable(left)}");
            }
        }

        output.WriteLine("It cannot reach backups and exports, snapshots of the disk, and the machines that have pulled it: a secret that was pushed must be changed.");
    }

    private static string Tags(TrashEntryAnswer entry)
    {
        if (entry.Tags.Count == 0)
        {
            return None;
        }

        var shown = string.Join(",", entry.Tags.Take(MaxTags));
        return entry.Tags.Count > MaxTags || entry.MoreTags ? $"{shown},…" : shown;
    }

    // The two largest units are enough to decide by.
    private static string GoesIn(long seconds) => seconds switch
    {
        <= 0 => "now",
        < 3600 => Duration.Write(TimeSpan.FromMinutes(Math.Ceiling(seconds / 60.0))),
        < 86400 => Duration.Write(TimeSpan.FromMinutes(seconds / 60)),
        _ => Duration.Write(TimeSpan.FromHours(seconds / 3600)),
    };
}
