using System.Globalization;

namespace Registry.Server.Commands;

/// <summary>The untagged manifests that <c>registry gc --untagged</c> lists, or has deleted.</summary>
/// <param name="Manifests">Those that may go, or have gone.</param>
/// <param name="Younger">How many others may go, but were pushed too lately for <c>--older-than</c>.</param>
/// <param name="Kept">How many others were needed within the grace period, or are in a repository that cannot be read whole.</param>
/// <param name="IsDeleted">Whether they were deleted.</param>
internal sealed record GcUntagged(IReadOnlyList<GcUntagged.Manifest> Manifests, long Younger, long Kept, bool IsDeleted)
{
    public void Write(TextWriter output)
    {
        foreach (var manifest in Manifests)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{manifest.Repository}@{manifest.Digest} was pushed by {manifest.PushedBy:yyyy-MM-dd HH:mm:ss}Z, and nothing has held it for {manifest.IdleSeconds} s"));
        }

        if (Younger > 0)
        {
            output.WriteLine($"{Younger} more are younger than --older-than. One that was stored before the registry recorded when it was pushed counts from then.");
        }

        if (Kept > 0)
        {
            output.WriteLine($"{Kept} more stay for now: they were pushed, held or asked for within REGISTRY_GC_GRACE, or are in a repository where something cannot be read.");
        }

        output.WriteLine(IsDeleted
            ? $"Deleted {Manifests.Count} untagged manifests. What only they held follows when it has been idle for the grace period."
            : $"{Manifests.Count} untagged manifests that nothing holds. Nothing was changed; 'registry gc --untagged --delete' deletes them.");
    }

    /// <param name="Repository">Where it is.</param>
    /// <param name="Digest">Which.</param>
    /// <param name="PushedBy">The time by which it was pushed; earlier for one that was stored before the registry recorded this.</param>
    /// <param name="IdleSeconds">For how long nothing there has held it, in running time.</param>
    internal sealed record Manifest(string Repository, string Digest, DateTimeOffset PushedBy, long IdleSeconds);
}
