using System.Text.Json.Serialization;
using Registry.Core.Errors;

namespace Registry.Server.Api.Maintenance;

/// <summary>What a retention keeps and deletes, or would. The lists are cut off, earlier while the registry serves; the counts are complete.</summary>
/// <param name="Deleted">Tags, and manifests without a tag, that were deleted, or would be.</param>
/// <param name="Kept">Tags, and manifests without a tag, that are kept.</param>
/// <param name="Left">What was to be deleted and was left, with the reason.</param>
/// <param name="TooLarge">Repositories with more than a retention looks at: all of it stays.</param>
/// <param name="Counts">Total counts.</param>
/// <param name="IsDryRun">True if nothing was deleted.</param>
/// <param name="Objection">The reason why a run needs <c>--yes</c>; null when it does not.</param>
internal sealed record RetentionResult(
    IReadOnlyList<RetentionResult.Decision> Deleted,
    IReadOnlyList<RetentionResult.Decision> Kept,
    IReadOnlyList<RetentionResult.Decision> Left,
    IReadOnlyList<string> TooLarge,
    RetentionResult.Numbers Counts,
    bool IsDryRun,
    string? Objection)
{
    /// <summary>The last line but the objection: the numbers.</summary>
    [JsonIgnore]
    public string Summary
    {
        get
        {
            var amount = $"{Count.Of(Counts.Tags, "tag")} and {Count.Of(Counts.Manifests, "untagged manifest")}";
            var kept = $"{Counts.Kept} kept, in {(Counts.Repositories == 1 ? "1 repository" : $"{Counts.Repositories} repositories")} with rules about retention";
            return IsDryRun ? $"{amount} would be deleted, {kept}. Nothing was changed." : $"{amount} deleted, {kept}{(Counts.Left == 0 ? "" : $", {Counts.Left} left")}.";
        }
    }

    public void Write(TextWriter output)
    {
        foreach (var decision in Deleted)
        {
            output.WriteLine($"{decision} {(IsDryRun ? "would be deleted" : "was deleted")}: {decision.Reason}");
        }

        foreach (var decision in Left)
        {
            output.WriteLine($"{decision} was left: {decision.Reason}");
        }

        foreach (var decision in Kept)
        {
            output.WriteLine($"{decision} is kept: {decision.Reason}");
        }

        foreach (var repository in TooLarge)
        {
            output.WriteLine($"{repository} is left alone: it has more manifests or tags than a retention looks at");
        }

        if (Counts.Tags + Counts.Manifests > Deleted.Count || Counts.Kept > Kept.Count || Counts.Left > Left.Count)
        {
            output.WriteLine($"At most {Math.Max(Deleted.Count, Math.Max(Kept.Count, Left.Count))} of each kind are listed; 'registry policy preview REPO' lists those of a repository.");
        }

        output.WriteLine(Summary);
        if (Objection is not null)
        {
            output.WriteLine($"{Objection}. Only 'registry policy run --yes' deletes them.");
        }
    }

    /// <param name="Repository">The repository.</param>
    /// <param name="Tag">The tag; null for a manifest without one.</param>
    /// <param name="Digest">The manifest.</param>
    /// <param name="Reason">Why: a clause for people.</param>
    internal sealed record Decision(string Repository, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Tag, string Digest, string Reason)
    {
        public override string ToString() => Tag is null ? $"{Repository}@{Digest}" : $"{Repository}:{Tag}@{Digest}";
    }

    /// <param name="Repositories">Number of repositories with rules about retention.</param>
    /// <param name="Tags">Number of tags that were deleted, or would be.</param>
    /// <param name="Manifests">Number of manifests without a tag that were deleted, or would be.</param>
    /// <param name="Kept">Number of tags and manifests without a tag that are kept.</param>
    /// <param name="Left">Number of those that were left.</param>
    internal sealed record Numbers(long Repositories, long Tags, long Manifests, long Kept, long Left);
}
