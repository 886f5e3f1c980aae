using Registry.Core.Errors;
using Registry.Server.Api.Maintenance;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Administration.Maintenance;

/// <summary>What a collection would remove.</summary>
internal static class PreviewSection
{
    /// <summary>Writes the section.</summary>
    public static async Task WriteAsync(PageOutput output, GcPreview preview)
    {
        var counts = preview.Counts;
        output.Html.Write($"<p><strong>{preview.Summary}</strong></p>\n");
        await WriteAsync(
            output, "Manifests", ["Repository", "Manifest", "Held by nothing for"], preview.Manifests, counts.Manifests,
            manifest => [manifest.Repository, manifest.Digest, Time(manifest.IdleSeconds)]);
        await WriteAsync(
            output, "Links to blobs", ["Repository", "Blob", "Needed by no manifest for"], preview.Links, counts.Links,
            link => [link.Repository, link.Digest, Time(link.IdleSeconds)]);
        await WriteAsync(output, "Blobs", ["Blob", "Size", "Reason"], preview.Blobs, counts.Blobs, blob => [blob.Digest, SizePart.Describe(blob.Bytes), blob.Reason]);
        await WriteAsync(output, "Unknown blobs that stay", ["Blob", "May be linked to by"], preview.Kept, preview.Kept.Count, blob => [blob.Digest, blob.Place]);
        if (counts.NotLookedAt > 0)
        {
            output.Html.Write($"<p>Not examined, and neither listed nor counted: {Count.Of(counts.NotLookedAt, "more blob")} that the metadata does not know.</p>");
        }
    }

    private static Task WriteAsync<T>(PageOutput output, string title, string[] columns, IReadOnlyList<T> items, long count, Func<T, string[]> cells) =>
        CutTable.WriteAsync(output, title, columns, items, count, cells, "registry gc --dry-run");

    private static string Time(long seconds) => DurationText.Of(TimeSpan.FromSeconds(seconds));
}
