using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Trash;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>Deleted manifests that can be restored, in SQLite.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
public sealed class SqliteTrash(SqliteDatabase database, TimeProvider time) : ITrash
{
    // Reason of the changes.
    private const string Purged = "purged";

    private const int ReferrersAtOnce = 100;

    private readonly DatabaseScrub _scrub = new(database);

    public Task<TrashEntry?> FindAsync(RepositoryName repository, Digest digest) =>
        database.ReadAsync(session => TrashRows.Find(session, repository, digest));

    public Task<TrashPage> ListAsync(RepositoryName repository, long? before, int limit) => database.ReadAsync(session =>
        ContentRows.FindRepository(session, repository) is { } id
            ? TrashPage.Of(TrashRows.List(session, id, before ?? long.MaxValue, limit + 1L), limit)
            : new TrashPage([], HasMore: false));

    public Task<TrashPage> ListAllAsync(long? after, int limit) =>
        database.ReadAsync(session => TrashPage.Of(TrashRows.ListAll(session, after ?? 0, limit + 1L), limit));

    public async Task<Result<Purge>> PurgeAsync(RepositoryName repository, Digest digest, ChangeOrigin origin)
    {
        var purged = new List<Digest>();
        var waiting = new Queue<Digest>();
        var rows = await database.ReadAsync(session => TrashRows.CountRows(session, repository, digest));
        var first = await database.WriteAsync<Removal>(
            session =>
            {
                if (TrashRows.FindRow(session, repository, digest) is not { } entry)
                {
                    return RegistryErrorCode.ManifestUnknown;
                }

                var change = Begin(origin);
                return Follow(session, change, entry.Repository, repository, digest, TrashRows.Release(session, entry, digest, change.Now));
            },
            new WriteTurn(repository, rows));
        if (!first.TryGet(out var removal, out var unknown))
        {
            return unknown;
        }

        await AddAsync(removal);
        while (waiting.TryDequeue(out var next))
        {
            rows = await database.ReadAsync(session => ManifestRows.CountHeld(session, repository, next));
            var removed = await database.WriteAsync<Removal?>(
                session =>
                {
                    var change = Begin(origin);
                    return ManifestRows.Purge(session, change, repository, next, out var released) is { } id
                        ? Follow(session, change, id, repository, next, released)
                        : null;
                },
                new WriteTurn(repository, rows));
            if (removed.Value is { } more)
            {
                await AddAsync(more);
            }
        }

        return new Purge(await database.ReadAsync(session => purged.Distinct()
            .Select(content => new PurgedContent(content, TrashRows.FindHolders(session, content, repository, PurgedContent.MaxHolders))).ToList()));

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

    public async Task<IReadOnlyList<LeftBytes>> ScrubAsync() => await _scrub.RunAsync()
        ? []
        :
        [
            new LeftBytes(
                "the write-ahead log of the database (registry.db-wal), which another program reads at the moment: purge another image later, or restart the registry, to empty it",
                IsFault: true),
        ];

    // What only a removed manifest held: its blobs go with it, and its children are next.
    private static Removal Follow(
        SqliteSession session, ChangeContext change, long repositoryId, RepositoryName repository, Digest manifest, string? released) => released is null
        ? new Removal(manifest, [], [])
        : new Removal(
            manifest,
            TrashRows.UnlinkIdle(session, change, repositoryId, repository, released),
            TrashRows.FindReleased(session, repositoryId, released));

    private async Task<List<Digest>> ReleaseReferrersAsync(RepositoryName repository, Digest subject)
    {
        while (await database.ReadAsync(session => SubjectRows.FindReleased(session, repository, subject)) is { } unsettled)
        {
            await database.WriteAsync<bool>(
                session => SubjectRows.Settle(session, unsettled, database.Clock.Now), new WriteTurn(repository, SubjectRows.RowsPerTurn));
        }

        var referrers = new List<Digest>();
        for (long last = 0; ;)
        {
            var page = await database.ReadAsync(session => TrashRows.FindReleasedReferrers(session, repository, subject, last, ReferrersAtOnce));
            referrers.AddRange(page.Select(referrer => referrer.Digest));
            if (page.Count < ReferrersAtOnce)
            {
                return referrers;
            }

            last = page[^1].Id;
        }
    }

    private ChangeContext Begin(ChangeOrigin origin) => new() { Origin = origin, Reason = Purged, Now = database.Clock.Now, Time = time.GetUtcNow() };

    private sealed record Removal(Digest Manifest, List<Digest> Blobs, List<Digest> Children);
}
