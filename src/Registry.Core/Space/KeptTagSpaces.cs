using Registry.Core.Activity;
using Registry.Core.Caching;
using Registry.Core.Oci;

namespace Registry.Core.Space;

/// <summary>
/// Keeps the space of the tags of large repositories, so that the pages of one list compute it once. A result is kept until its repository changes, which is seen at once, and for a
/// minute at most: what other repositories get and lose changes what is unique.
/// </summary>
/// <param name="activity">Tells whether a repository has changed.</param>
/// <param name="time">The clock.</param>
internal sealed class KeptTagSpaces(IActivity activity, TimeProvider time)
{
    // Fewer take less than 20 ms to compute.
    private const int FewestTags = 1000;

    // A tag with its digest and its figures.
    private const int TagSize = 256;

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private readonly BoundedCache<(RepositoryName, bool), Kept> _kept = new(maxBytes: 32 * 1024 * 1024, maxEntries: 64);

    /// <summary>Finds the space of the tags of a repository, or computes it.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="withOthers">As for <see cref="TagTally.Compute"/>: another result.</param>
    /// <param name="compute">Computes it; null if the repository is too large.</param>
    public async Task<IReadOnlyList<TagSpace>?> FindAsync(RepositoryName repository, bool withOthers, Func<Task<IReadOnlyList<TagSpace>?>> compute)
    {
        // Before the content is read, so that a change in between makes the result an old one.
        var newest = await activity.ListAsync(repository, before: null, limit: 1) is [var change, ..] ? change.Sequence : (long?)null;
        if (_kept.Find((repository, withOthers)) is { } kept && kept.Newest == newest && time.GetElapsedTime(kept.ComputedAt) < Lifetime)
        {
            return kept.Tags;
        }

        var computedAt = time.GetTimestamp();
        var tags = await compute();
        if (tags is { Count: >= FewestTags })
        {
            _kept.Set((repository, withOthers), new Kept(tags, newest, computedAt), (long)tags.Count * TagSize);
        }

        return tags;
    }

    private sealed record Kept(IReadOnlyList<TagSpace> Tags, long? Newest, long ComputedAt);
}
