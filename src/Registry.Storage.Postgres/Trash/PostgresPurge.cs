using Registry.Core.Changes;
using Registry.Core.Collection.Records;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Trash;
using Registry.Storage.Postgres.Repositories;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres.Trash;

/// <summary>Transactions of a purge in PostgreSQL.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
/// <param name="origin">Origin of the purge.</param>
internal sealed class PostgresPurge(PostgresDatabase database, TimeProvider time, ChangeOrigin origin) : IPurgeSteps
{
    // Reason of the changes.
    private const string Purged = "purged";

    private const int ReferrersAtOnce = 100;

    public Task<Result<PurgeStep>> RemoveEntryAsync(RepositoryName repository, Digest entry) => database.WriteAloneAsync<PurgeStep>(repository, async session =>
    {
        var entries = await TrashRows.ReleaseAsync(session, repository, [entry], period: 0);
        return entries.Count == 0
            ? RegistryErrorCode.ManifestUnknown
            : await FollowAsync(session, Begin(), repository, entry, entries[0].Repository, entries[0].Content);
    });

    public Task<Result<PurgeStep?>> RemoveReleasedAsync(long id, RepositoryName repository, Digest manifest) =>
        database.WriteAloneAsync<PurgeStep?>(repository, async session =>
        {
            if (await RepositoryRows.FindNameAsync(session, id) != repository)
            {
                return RegistryErrorCode.NameUnknown;
            }

            var change = Begin();
            return await ManifestRows.PurgeAsync(session, change, repository, manifest) is { } content
                ? await FollowAsync(session, change, repository, manifest, id, content)
                : null;
        });

    public Task<RepositoryName?> FindNameAsync(long id) => database.ReadAsync(session => RepositoryRows.FindNameAsync(session, id));

    public async Task<List<Digest>> ReleaseReferrersAsync(long id, RepositoryName repository, Digest subject)
    {
        for (var hasMore = true; hasMore;)
        {
            hasMore = (await database.WriteAloneAsync<bool>(repository, async session =>
            {
                var ids = SubjectRows.AskReleased(session, repository, subject);
                await session.SendAsync();
                return ids.Count > 0 && await SubjectRows.SettleAsync(session, new UnsettledSubject(ids[0], repository, subject));
            })).Value;
        }

        var referrers = new List<Digest>();
        for (long last = 0; ;)
        {
            var page = await database.ReadAsync(session => PurgeRows.FindReferrersAsync(session, id, subject, last, ReferrersAtOnce));
            referrers.AddRange(page.Select(referrer => referrer.Digest));
            if (page.Count < ReferrersAtOnce)
            {
                return referrers;
            }

            last = page[^1].Id;
        }
    }

    public Task<List<PurgedContent>> FindHoldersAsync(RepositoryName repository, IReadOnlyList<Digest> removed) => database.ReadAsync(async session =>
    {
        List<List<RepositoryName>> holders = [.. removed.Select(one => PurgeRows.AskHolders(session, one, repository, PurgedContent.MaxHolders))];
        await session.SendAsync();
        return removed.Zip(holders, (one, holding) => new PurgedContent(one, holding)).ToList();
    });

    // What only a removed manifest held: its blobs go with it, and its children are next.
    private static async Task<PurgeStep> FollowAsync(
        PostgresSession session, ChangeContext change, RepositoryName repository, Digest manifest, long repositoryId, long[] content)
    {
        var (blobs, children) = content.Length == 0 ? ([], []) : await PurgeRows.FollowAsync(session, change, repository, repositoryId, content);
        return new PurgeStep(repositoryId, manifest, blobs, children);
    }

    private ChangeContext Begin() => new() { Origin = origin, Reason = Purged, Time = time.GetUtcNow() };
}
