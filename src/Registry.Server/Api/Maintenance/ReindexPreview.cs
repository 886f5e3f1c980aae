using System.Text.Json.Serialization;
using Registry.Core.Errors;

namespace Registry.Server.Api.Maintenance;

/// <summary>The changes that a reindex would make, which <c>registry reindex --dry-run</c> reports.</summary>
/// <param name="Compared">Number of repositories that were compared.</param>
/// <param name="Unreadable">Number of others that cannot be read; a reindex would fail.</param>
/// <param name="Removed">Numbers of things that the tree does not have.</param>
/// <param name="Added">Numbers of things that the metadata does not have.</param>
/// <param name="MovedTags">Number of tags that would point to another manifest.</param>
/// <param name="Differences">The first differences, as sentences.</param>
/// <param name="NotListed">Number of further differences.</param>
internal sealed record ReindexPreview(
    long Compared, long Unreadable, ReindexTotals Removed, ReindexTotals Added, long MovedTags, IReadOnlyList<string> Differences, long NotListed)
{
    /// <summary>The last lines: the numbers.</summary>
    [JsonIgnore]
    public string Summary => Differences.Count == 0
        ? $"The tree and the metadata agree in {Count.Of(Compared, "repository")}. A reindex would change nothing."
        : $"In {Count.Of(Compared, "repository")}, a reindex would remove {Removed};\nadd {Added}; and move {Count.Of(MovedTags, "tag")}. Nothing was changed."
            + (Unreadable > 0 ? $"\nNot counted: {Count.Of(Unreadable, "repository")} that cannot be read." : string.Empty);

    public void Write(TextWriter output)
    {
        foreach (var difference in Differences)
        {
            output.WriteLine(difference);
        }

        if (NotListed > 0)
        {
            output.WriteLine($"… and {NotListed} more");
        }

        output.WriteLine(Summary);
    }
}
