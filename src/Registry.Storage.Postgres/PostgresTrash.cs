using Registry.Core.Changes;
using Registry.Core.Collection.Records;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Trash;
using Registry.Storage.Postgres.Rows;
using Registry.Storage.Postgres.Trash;

namespace Registry.Storage.Postgres;

/// <summary>Deleted manifests that can be restored, in PostgreSQL.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
public sealed class PostgresTrash(PostgresDatabase database, TimeProvider time) : ITrash
{
    // Reason of the changes.
    private const string Purged = "purged";

    private const int ReferrersAtOnce = 100;

    public Task<TrashEntry?> FindAsync(RepositoryName repository, Digest digest) =>
        database.ReadAsync(session => TrashRows.FindAsync(session, repository, digest));

    public async Task<TrashPage> ListAsync(RepositoryName repository, long? before, int limit) =>
        TrashPage.Of(await database.ReadAsync(session => TrashRows.ListAsync(session, repository, before ?? long.MaxValue, limit + 1L)), limit);

    public async Task<TrashPage> ListAllAsync(long? after, int limit) =>
        TrashPage.Of(await database.ReadAsync(session => TrashRows.ListAllAsync(session, after ?? 0, limit + 1L)), limit);

    public async Task<Result<Purge>> PurgeAsync(RepositoryName repository, Digest digest, ChangeOrigin origin)
    {
        var purged = new List<Digest>();
        var waiting = new Queue<Digest>();
        var first = await database.WriteAloneAsync<Removal>(repository, async session =>
        {
            var entries = await TrashRows.ReleaseAsync(session, repository, [digest], period: 0);
            return entries.Count == 0
                ? RegistryErrorCode.ManifestUnknown
                : await FollowAsync(session, Begin(origin), repository, digest, entries[0].Repository, entries[0].Content);
        });
        if (!first.TryGet(out var removal, out var unknown))
        {
            return unknown;
        }

        await AddAsync(removal);
        while (waiting.TryDequeue(out var next))
        {
            var removed = await database.WriteAloneAsync<Removal?>(repository, async session =>
            {
                var change = Begin(origin);
                return await ManifestRows.PurgeAsync(session, change, repository, next) is { } gone
                    ? await FollowAsync(session, change, repository, next, gone.Repository, gone.Content)
                    : null;
            });
            if (removed.Value is { } more)
            {
                await AddAsync(more);
            }
        }

        return new Purge(await database.ReadAsync(async session =>
        {
            var content = purged.Distinct().ToList();
            var holders = content.ConvertAll(one => PurgeRows.AskHolders(session, one, repository, PurgedContent.MaxHolders));
            await session.SendAsync();
            return content.Zip(holders, (one, holding) => new PurgedContent(one, holding)).ToList();
        }));

        async Task AddAsync(Removal gone)
        {
            purged.Add(gone.Manifest);
            purged.AddRange(gone.Blobs);
            gone.Children.ForEach(waiting.Enqueue);
            foreach (var referrer in await ReleaseReferrersAsync(repository, gone.Manifest))
            {
                waiting.Enqueue(referrer);
            }
        }
    }

    // The server alone decides when it reuses the space of removed rows, and how long it keeps its logs.
    public Task<IReadOnlyList<LeftBytes>> ScrubAsync() => Task.FromResult<IReadOnlyList<LeftBytes>>(
    [
        new(
            "removed rows of the database in PostgreSQL, which had manifests and small blobs, until VACUUM and later changes overwrite them; its write-ahead logs, replicas and base backups",
            IsFault: false),
    ]);

    // What only a removed manifest held: its blobs go with it, and its children are next.
    private static async Task<Removal> FollowAsync(
        PostgresSession session, ChangeContext change, RepositoryName repository, Digest manifest, long repositoryId, long[] content)
    {
        var (blobs, children) = content.Length == 0 ? ([], []) : await PurgeRows.FollowAsync(session, change, repository, repositoryId, content);
        return new Removal(manifest, blobs, children);
    }

    private async Task<List<Digest>> ReleaseReferrersAsync(RepositoryName repository, Digest subject)
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
            var page = await database.ReadAsync(session => PurgeRows.FindReferrersAsync(session, repository, subject, last, ReferrersAtOnce));
            referrers.AddRange(page.Select(referrer => referrer.Digest));
            if (page.Count < ReferrersAtOnce)
            {
                return referrers;
            }

            last = page[^1].Id;
        }
    }

    private ChangeContext Begin(ChangeOrigin origin) => new() { Origin = origin, Reason = Purged, Time = time.GetUtcNow() };

    private sealed record Removal(Digest Manifest, List<Digest> Blobs, List<Digest> Children);
}
