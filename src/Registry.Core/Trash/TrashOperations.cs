using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Promises;

namespace Registry.Core.Trash;

/// <summary>Lists what can be restored, and purges it.</summary>
/// <param name="trash">The trash.</param>
/// <param name="metadata">Metadata with the manifests that are not in the trash. It refuses changes while they are impossible.</param>
/// <param name="period">Running time for which a manifest stays in the trash.</param>
/// <param name="defaultLimit">Size of a page if the client does not give one.</param>
/// <param name="maxLimit">Size of the largest page; a larger limit counts as this one.</param>
public sealed class TrashOperations(ITrash trash, IMetadataStore metadata, GracePeriod period, int defaultLimit, int maxLimit)
{
    /// <summary>Number of entries on the largest page. An entry has up to <see cref="TrashEntry.MaxListedTags"/> tags.</summary>
    public const int MaxEntries = 100;

    // Whoever may see few of very many entries gets a page of few, instead of a request that takes long.
    private const int MaxBatches = 10;

    /// <summary>Largest number of entries on a page.</summary>
    /// <param name="limit">Number that the client requests; null for none.</param>
    public int PageSize(int? limit) => Math.Clamp(limit ?? defaultLimit, 1, Math.Min(maxLimit, MaxEntries));

    /// <summary>Running time until an entry expires, in seconds: 0 if the collector removes it in its next cycle.</summary>
    public long ExpiresAfter(TrashEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return Math.Max(0, period.Left(entry.DeletedAt));
    }

    /// <summary>Finds an entry with all its tags.</summary>
    /// <param name="repository">The repository, from which the caller may pull.</param>
    /// <param name="digest">The deleted manifest.</param>
    /// <param name="detail">Part of the origin that the caller may see.</param>
    /// <returns>The entry; or MANIFEST_UNKNOWN if there is none.</returns>
    public async Task<Result<TrashEntry>> FindAsync(RepositoryName repository, Digest digest, OriginDetail detail) =>
        await trash.FindAsync(repository, digest) is { } entry ? Show(entry, detail) : await TrashAbsence.DescribeAsync(metadata, repository, digest);

    /// <summary>Lists the entries of a repository, the newest first.</summary>
    /// <param name="repository">The repository, from which the caller may pull; it need not exist.</param>
    /// <param name="before">The page begins before the entry of this <see cref="TrashEntry.Id"/>; null for the newest one.</param>
    /// <param name="limit">Number of entries, 1 or more; null for the default.</param>
    /// <param name="detail">Part of the origins that the caller may see.</param>
    public async Task<TrashPage> ListAsync(RepositoryName repository, long? before, int? limit, OriginDetail detail) =>
        Show(await trash.ListAsync(repository, before, PageSize(limit)), detail);

    /// <summary>Lists the entries of all repositories that the caller may see, the newest first.</summary>
    /// <param name="before">The page begins before the entry of this <see cref="TrashEntry.Id"/>; null for the newest one.</param>
    /// <param name="limit">Number of entries, 1 or more; null for the default.</param>
    /// <param name="mayList">Returns true if the caller may see a repository; entries of others are left out.</param>
    /// <param name="detail">Part of the origins that the caller may see.</param>
    public async Task<TrashListing> ListAllAsync(long? before, int? limit, Func<RepositoryName, bool> mayList, OriginDetail detail)
    {
        ArgumentNullException.ThrowIfNull(mayList);
        var wanted = PageSize(limit);
        var shown = new List<TrashEntry>();
        for (var batch = 0; batch < MaxBatches; batch++)
        {
            var page = await trash.ListAllAsync(before, wanted);
            foreach (var entry in page.Entries)
            {
                if (shown.Count == wanted)
                {
                    return new TrashListing(shown, before);
                }

                before = entry.Id;
                if (mayList(entry.Repository))
                {
                    shown.Add(Show(entry, detail));
                }
            }

            if (!page.HasMore)
            {
                return new TrashListing(shown, null);
            }
        }

        return new TrashListing(shown, before);
    }

    /// <summary>Removes an entry for ever, and what only it held.</summary>
    /// <param name="repository">The repository, from which the caller may delete.</param>
    /// <param name="digest">The deleted manifest.</param>
    /// <param name="isMeant">Returns false for the <see cref="TrashEntry.Id"/> of an entry that the caller does not mean; null for any.</param>
    /// <param name="origin">Origin of the purge.</param>
    /// <returns>What the repository has lost; or MANIFEST_UNKNOWN if there is no such entry, PRECONDITION_FAILED if another deletion has made it.</returns>
    /// <inheritdoc cref="ITrash.PurgeAsync"/>
    public async Task<Result<Purge>> PurgeAsync(RepositoryName repository, Digest digest, Func<long, bool>? isMeant, ChangeOrigin origin)
    {
        if (metadata.Refusal is { } refusal)
        {
            return refusal;
        }

        if (isMeant is not null && await trash.FindAsync(repository, digest) is { } entry && !isMeant(entry.Id))
        {
            return RegistryErrorCode.PreconditionFailed;
        }

        var purged = await trash.PurgeAsync(repository, digest, origin);
        return purged.Error?.Code == RegistryErrorCode.ManifestUnknown ? await TrashAbsence.DescribeAsync(metadata, repository, digest) : purged;
    }

    private static TrashPage Show(TrashPage page, OriginDetail detail) => page with { Entries = [.. page.Entries.Select(entry => Show(entry, detail))] };

    private static TrashEntry Show(TrashEntry entry, OriginDetail detail) => entry with { Origin = entry.Origin.Show(detail) };
}
