using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.History;

/// <summary>Answers what a tag was and who has changed it. The caller may pull from the repository.</summary>
/// <param name="history">The history.</param>
/// <param name="metadata">Metadata with the current tags.</param>
/// <param name="defaultLimit">Size of a page if the client does not give one.</param>
/// <param name="maxLimit">Size of the largest page; a larger limit counts as this one.</param>
public sealed class HistoryOperations(ITagHistory history, IMetadataStore metadata, int defaultLimit, int maxLimit)
{
    /// <summary>Lists the changes of a tag, newest first. The tag may be deleted.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="before">The page begins before the change of this <see cref="HistoryEntry.Position"/>; null for the newest change.</param>
    /// <param name="limit">Number of changes, 1 or more; null for the default.</param>
    /// <param name="detail">Part of the origins that the caller may see.</param>
    /// <returns>
    /// The page, empty for a tag whose changes are not recorded; or MANIFEST_UNKNOWN if there is no such tag, and none is remembered.
    /// </returns>
    public async Task<Result<TagHistoryPage>> ListAsync(RepositoryName repository, Tag tag, long? before, int? limit, OriginDetail detail)
    {
        var page = await history.ReadAsync(repository, tag, before, Math.Clamp(limit ?? defaultLimit, 1, maxLimit));
        if (page.Entries.Count == 0 && await IsUnknownAsync(repository, tag))
        {
            return Unknown(repository, tag);
        }

        return page with { Entries = [.. page.Entries.Select(entry => Show(entry, detail))] };
    }

    /// <summary>Finds what a pull of a tag would have got at a time.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="at">The time; a later one than now counts as now.</param>
    /// <param name="detail">Part of the origins that the caller may see.</param>
    /// <returns>
    /// The state, also if there was no such tag at that time; or MANIFEST_UNKNOWN if there is no such tag, and none is remembered.
    /// </returns>
    public async Task<Result<TagState>> FindStateAsync(RepositoryName repository, Tag tag, DateTimeOffset at, OriginDetail detail)
    {
        // The tag first: if it changes in between, the change is found.
        var current = await metadata.FindManifestAsync(repository, tag);
        if (await history.FindStateAsync(repository, tag, at) is { } state)
        {
            return state with { Since = Show(state.Since, detail), Until = Show(state.Until, detail) };
        }

        return current is null ? Unknown(repository, tag) : new TagState(current.Digest, Since: null, Until: null);
    }

    /// <summary>Finds out why a repository does not have a manifest any more; null if it has it, and if its removal is not recorded.</summary>
    public async Task<ManifestRemoval?> FindRemovalAsync(RepositoryName repository, Digest digest, OriginDetail detail) =>
        await metadata.FindManifestAsync(repository, digest) is null && await history.FindRemovalAsync(repository, digest) is { } removal
            ? removal with { Origin = removal.Origin.Show(detail) }
            : null;

    private async Task<bool> IsUnknownAsync(RepositoryName repository, Tag tag) =>
        await metadata.FindManifestAsync(repository, tag) is null && (await history.ReadAsync(repository, tag, before: null, limit: 1)).Entries.Count == 0;

    private static RegistryError Unknown(RepositoryName repository, Tag tag) =>
        new(RegistryErrorCode.ManifestUnknown, $"the repository {repository} has no tag {tag}, and no history of it");

    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(entry))]
    private static HistoryEntry? Show(HistoryEntry? entry, OriginDetail detail) =>
        entry is null ? null : entry with { Origin = entry.Origin.Show(detail) };
}
