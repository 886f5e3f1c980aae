using Registry.Core.Errors;
using Registry.Images;

namespace Registry.Server.Api.Maintenance;

/// <summary>Text report of an export, an import or a copy.</summary>
internal static class TransferLines
{
    /// <summary>Writes the report: a line for each image, and the numbers.</summary>
    /// <param name="report">The report.</param>
    /// <param name="done">What was done, such as <c>Imported</c>.</param>
    /// <param name="output">Receives the lines.</param>
    public static void Write(TransferReport report, string done, TextWriter output)
    {
        foreach (var image in report.Images)
        {
            output.WriteLine($"{done} {image}");
        }

        output.WriteLine($"{Counts(report)}.");
        if (report.Missing > 0)
        {
            output.WriteLine($"{LeftOut(report)}.");
        }
    }

    /// <summary>The report in a line, which names the image if it is only one.</summary>
    public static string Summarize(TransferReport report, string done) =>
        $"{done} {(report.Images is [var image] ? image : Count.Of(report.Images.Count, "image"))}: {Counts(report)}.{(report.Missing > 0 ? $" {LeftOut(report)}." : string.Empty)}";

    private static string Counts(TransferReport report) =>
        $"{Count.Of(report.Manifests, "manifest")}{(report.Referrers is > 0 and var count ? $", {count} of them referrers" : "")}, {Count.Of(report.Blobs, "blob")}, {Count.Of(report.Bytes, "byte")}";

    private static string LeftOut(TransferReport report) => $"Left out: {Count.Of(report.Missing, "manifest")} in the list of an index, but not stored";
}
