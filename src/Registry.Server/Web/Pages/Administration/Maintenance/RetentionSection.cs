using Registry.Core.Errors;
using Registry.Server.Api.Maintenance;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Administration.Maintenance;

/// <summary>What a retention deletes, leaves and keeps, or would, each with its reason.</summary>
internal static class RetentionSection
{
    private static readonly string[] Columns = ["Repository", "Tag, or manifest without one", "Reason"];

    /// <summary>Writes the section.</summary>
    public static async Task WriteAsync(PageOutput output, RetentionResult retained)
    {
        var counts = retained.Counts;
        output.Html.Write($"<p><strong>{retained.Summary}</strong></p>\n");
        await WriteAsync(output, retained.IsDryRun ? "Would be deleted" : "Deleted", retained.Deleted, counts.Tags + counts.Manifests);
        await WriteAsync(output, "Left", retained.Left, counts.Left);
        await WriteAsync(output, "Kept", retained.Kept, counts.Kept);
        if (retained.TooLarge.Count > 0)
        {
            output.Html.Write($"""<p class="fault">Left alone, since they have more manifests or tags than a retention looks at: {Count.Of(retained.TooLarge.Count, "repository")}, such as <bdi>{retained.TooLarge[0]}</bdi>.</p>""");
        }
    }

    private static Task WriteAsync(PageOutput output, string title, IReadOnlyList<RetentionResult.Decision> decisions, long count) => CutTable.WriteAsync(
        output, title, Columns, decisions, count, one => [one.Repository, one.Tag ?? one.Digest, one.Reason], "registry policy preview REPO");
}
