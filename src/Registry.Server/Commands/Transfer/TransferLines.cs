using Registry.Core.Errors;
using Registry.Images;

namespace Registry.Server.Commands.Transfer;

/// <summary>Text report of an export, an import or a copy.</summary>
internal static class TransferLines
{
    /// <summary>Writes the report.</summary>
    public static void Write(TransferReport report, string done, bool isJson, TextWriter output)
    {
        if (isJson)
        {
            ReportJson.Write(output, report, json => json.TransferReport);
            return;
        }

        foreach (var image in report.Images)
        {
            output.WriteLine($"{done} {image}");
        }

        output.WriteLine($"{Count.Of(report.Manifests, "manifest")}{(report.Referrers is > 0 and var count ? $", {count} of them referrers" : "")}, {Count.Of(report.Blobs, "blob")}, {Count.Of(report.Bytes, "byte")}.");
        if (report.Missing > 0)
        {
            output.WriteLine($"Left out: {Count.Of(report.Missing, "manifest")} in the list of an index, but not stored.");
        }
    }
}
