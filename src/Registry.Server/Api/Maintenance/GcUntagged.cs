using System.Globalization;
using System.Text.Json.Serialization;
using Registry.Core.Errors;

namespace Registry.Server.Api.Maintenance;

/// <summary>The untagged manifests that <c>registry gc --untagged</c> lists or deleted.</summary>
/// <param name="Manifests">The manifests that can be deleted, or were deleted.</param>
/// <param name="Younger">Number of others that are younger than <c>--older-than</c>.</param>
/// <param name="Kept">Number of others that were needed within the grace period, or are in a repository of which something cannot be read.</param>
/// <param name="Refused">Manifests whose deletion a rule of the registry has refused.</param>
/// <param name="IsDeleted">True when they were deleted.</param>
/// <param name="MayBeMore">True when the registry serves, and looks at no more of them at a time.</param>
internal sealed record GcUntagged(
    IReadOnlyList<GcUntagged.Manifest> Manifests, long Younger, long Kept, IReadOnlyList<GcUntagged.Manifest> Refused, bool IsDeleted, bool MayBeMore = false)
{
    /// <summary>The last line: the numbers, and what to do.</summary>
    [JsonIgnore]
    public string Summary => IsDeleted
        ? $"Deleted {Count.Of(Manifests.Count, "untagged manifest")}. Blobs that nothing else needs are collected after the grace period."
        : $"Held by nothing: {Count.Of(Manifests.Count, "untagged manifest")}. Nothing was changed; 'registry gc --untagged --delete' deletes what it lists.";

    public void Write(TextWriter output)
    {
        foreach (var manifest in Manifests)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{manifest.Repository}@{manifest.Digest} was last pushed no later than {manifest.PushedBy:yyyy-MM-dd HH:mm:ss}Z, and nothing has held it for {manifest.IdleSeconds} s"));
        }

        foreach (var manifest in Refused)
        {
            output.WriteLine($"{manifest.Repository}@{manifest.Digest} stays: it was needed meanwhile, or a rule of the registry refuses its deletion");
        }

        if (Younger > 0)
        {
            output.WriteLine($"Younger than --older-than: {Younger} more. Manifests stored before the registry recorded push times count from the first recording.");
        }

        if (Kept > 0)
        {
            output.WriteLine($"{Kept} more must stay for now: pushed or held within REGISTRY_GC_GRACE, requested within half of it, or in a repository of which something cannot be read.");
        }

        if (MayBeMore)
        {
            output.WriteLine(IsDeleted
                ? "There may be more: a running registry takes a limited number at a time. Run the command again for the rest."
                : "There may be more: a running registry lists a limited number.");
        }

        output.WriteLine(Summary);
    }

    /// <param name="Repository">The repository.</param>
    /// <param name="Digest">Its digest.</param>
    /// <param name="PushedBy">Latest possible time of its push. Manifests older than this record have the time at which it began.</param>
    /// <param name="IdleSeconds">Running time since something there last held it, in seconds.</param>
    internal sealed record Manifest(string Repository, string Digest, DateTimeOffset PushedBy, long IdleSeconds);
}
