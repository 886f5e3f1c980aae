using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Promises;

namespace Registry.Core.Trash;

/// <summary>Lists what can be restored, and purges it.</summary>
/// <param name="trash">The trash.</param>
/// <param name="metadata">Metadata, which refuses changes while they are impossible.</param>
/// <param name="period">Running time for which a manifest stays in the trash.</param>
/// <param name="defaultLimit">Size of a page if the client does not give one.</param>
/// <param name="maxLimit">Size of the largest page; a larger limit counts as this one.</param>
public sealed class TrashOperations(ITrash trash, IMetadataStore metadata, GracePeriod period, int defaultLimit, int maxLimit)
{
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
        await trash.FindAsync(repository, digest) is { } entry ? Show(entry, detail) : Unknown(repository, digest);

    /// <summary>Lists the entries of a repository, the newest first.</summary>
    /// <param name="repository">The repository, from which the caller may pull; it need not exist.</param>
    /// <param name="before">The page begins before the entry of this <see cref="TrashEntry.Id"/>; null for the newest one.</param>
    /// <param name="limit">Number of entries, 1 or more; null for the default.</param>
    /// <param name="detail">Part of the origins that the caller may see.</param>
    public async Task<TrashPage> ListAsync(RepositoryName repository, long? before, int? limit, OriginDetail detail) =>
        Show(await trash.ListAsync(repository, before, Limit(limit)), detail);

    /// <summary>Lists the entries of all repositories, the oldest first. For the operator.</summary>
    /// <param name="after">The page begins after the entry of this <see cref="TrashEntry.Id"/>; null for the oldest one.</param>
    /// <param name="limit">Number of entries, 1 or more; null for the default.</param>
    public Task<TrashPage> ListAllAsync(long? after, int? limit) => trash.ListAllAsync(after, Limit(limit));

    /// <summary>Removes an entry for ever, and what only it held.</summary>
    /// <inheritdoc cref="ITrash.PurgeAsync"/>
    public async Task<Result<Purge>> PurgeAsync(RepositoryName repository, Digest digest, ChangeOrigin origin)
    {
        if (metadata.Refusal is { } refusal)
        {
            return refusal;
        }

        var purged = await trash.PurgeAsync(repository, digest, origin);
        return purged.Error?.Code == RegistryErrorCode.ManifestUnknown ? Unknown(repository, digest) : purged;
    }

    private int Limit(int? limit) => Math.Clamp(limit ?? defaultLimit, 1, maxLimit);

    private static TrashPage Show(TrashPage page, OriginDetail detail) => page with { Entries = [.. page.Entries.Select(entry => Show(entry, detail))] };

    private static TrashEntry Show(TrashEntry entry, OriginDetail detail) => entry with { Origin = entry.Origin.Show(detail) };

    private static RegistryError Unknown(RepositoryName repository, Digest digest) =>
        new(RegistryErrorCode.ManifestUnknown, $"{digest} is not in the trash of {repository}");
}
