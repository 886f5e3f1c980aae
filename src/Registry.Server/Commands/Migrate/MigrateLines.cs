using Registry.Core.Configuration;
using Registry.Core.Errors;
using Registry.Images.Migration;

namespace Registry.Server.Commands.Migrate;

/// <summary>Text report of <c>registry migrate</c>.</summary>
internal static class MigrateLines
{
    /// <summary>Writes the report, and its faults to standard error.</summary>
    /// <returns>True if there are faults or differences.</returns>
    public static bool Write(CommandContext context, MigrateRequest request, MigrationReport report, string howToUnmark)
    {
        if (request.IsJson)
        {
            ReportJson.Write(context.Output, report, json => json.MigrationReport);
        }
        else
        {
            WriteText(context.Output, request, report, howToUnmark);
        }

        WriteFaults(context.Error, "fault", report.Faulty, report.Faults, "kept content from being moved; everything else was. Push it again, or delete it, and run the command again");
        if (report.Comparison is { } comparison)
        {
            WriteFaults(context.Error, "difference", comparison.Different, comparison.Differences, "between the ends; no mark was set, and the source can be started again");
        }

        return report.Faulty > 0 || report.Comparison is { Different: > 0 };
    }

    private static void WriteText(TextWriter output, MigrateRequest request, MigrationReport report, string howToUnmark)
    {
        output.WriteLine($"From {report.Source}");
        output.WriteLine($"To   {report.Target}");
        var counts = report.Counts;
        output.WriteLine(
            $"{(request.IsDryRun ? "Would copy" : "Copied")} {Count.Of(counts.Blobs, "blob")} ({ByteSize.Describe(counts.Bytes)}) and {Count.Of(counts.Manifests, "manifest")}; "
            + $"blobs linked: {counts.Links}, tags set: {counts.Tags}, removed: {counts.Removed}.");
        if (report.Comparison is { } comparison)
        {
            output.WriteLine(
                $"Compared {Count.Of(comparison.Manifests, "manifest")} and {Count.Of(comparison.Tags, "tag")} of {(comparison.Repositories == 1 ? "1 repository" : $"{comparison.Repositories} repositories")}, "
                + $"and the {(comparison.HasReadContent ? "bytes" : "sizes")} of {Count.Of(comparison.Blobs, "blob")} ({ByteSize.Describe(comparison.Bytes)}). Differences: {comparison.Different}.");
        }

        if (report.IsMoved)
        {
            output.WriteLine($"The registry has moved: start it at {report.Target}. It starts no more at {report.Source}; to undo that, {howToUnmark}.");
        }
        else if (!request.IsDryRun && !request.IsFinal)
        {
            output.WriteLine("Run the command again to copy what has changed since. The last time, stop the registry and add --final.");
        }
    }

    private static void WriteFaults(TextWriter error, string kind, long count, IReadOnlyList<string> faults, string consequence)
    {
        foreach (var fault in faults)
        {
            error.WriteLine($"registry: {fault}");
        }

        if (count > 0)
        {
            error.WriteLine($"registry: {Count.Of(count, kind)}{(count > faults.Count ? $" (the first {faults.Count} are listed above)" : "")} {consequence}");
        }
    }
}
