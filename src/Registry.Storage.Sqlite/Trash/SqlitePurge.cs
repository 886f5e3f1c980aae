using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Trash;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite.Trash;

/// <summary>Transactions of a purge in SQLite.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
/// <param name="origin">Origin of the purge.</param>
internal sealed class SqlitePurge(SqliteDatabase database, TimeProvider time, ChangeOrigin origin) : IPurgeSteps
{
    // Reason of the changes.
    private const string Purged = "purged";

    private const int ReferrersAtOnce = 100;

    public async Task<Result<PurgeStep>> RemoveEntryAsync(RepositoryName repository, Digest entry)
    {
        var rows = await database.ReadAsync(session => TrashRows.CountRows(session, repository, entry));
        return await database.WriteAsync<PurgeStep>(
            session =>
            {
                if (TrashRows.FindRow(session, repository, entry) is not { } row)
                {
                    return RegistryErrorCode.ManifestUnknown;
                }

                var change = Begin();
                return Follow(session, change, row.Repository, repository, entry, TrashRows.Release(session, row, entry, change.Now));
            },
            new WriteTurn(repository, rows));
    }

    public async Task<Result<PurgeStep?>> RemoveReleasedAsync(long id, RepositoryName repository, Digest manifest)
    {
        var rows = await database.ReadAsync(session => ManifestWeight.CountHeld(session, repository, manifest));
        return await database.WriteAsync<PurgeStep?>(
            session =>
            {
                if (ContentRows.FindRepository(session, repository) != id)
                {
                    return RegistryErrorCode.NameUnknown;
                }

                var change = Begin();
                return ManifestRows.Purge(session, change, repository, manifest, out var released)
                    ? Follow(session, change, id, repository, manifest, released)
                    : null;
            },
            new WriteTurn(repository, rows));
    }

    public Task<RepositoryName?> FindNameAsync(long id) => database.ReadAsync(session => RepositoryRows.FindName(session, id));

    public async Task<List<Digest>> ReleaseReferrersAsync(long id, RepositoryName repository, Digest subject)
    {
        while (await database.ReadAsync(session => SubjectRows.FindReleased(session, repository, subject)) is { } unsettled)
        {
            await database.WriteAsync<bool>(
                session => SubjectRows.Settle(session, unsettled, database.Clock.Now), new WriteTurn(repository, SubjectRows.RowsPerTurn));
        }

        var referrers = new List<Digest>();
        for (long last = 0; ;)
        {
            var page = await database.ReadAsync(session => TrashRows.FindReleasedReferrers(session, id, subject, last, ReferrersAtOnce));
            referrers.AddRange(page.Select(referrer => referrer.Digest));
            if (page.Count < ReferrersAtOnce)
            {
                return referrers;
            }

            last = page[^1].Id;
        }
    }

    public Task<List<PurgedContent>> FindHoldersAsync(RepositoryName repository, IReadOnlyList<Digest> removed) => database.ReadAsync(session => removed
        .Select(content => new PurgedContent(content, TrashRows.FindHolders(session, content, repository, PurgedContent.MaxHolders))).ToList());

    // What only a removed manifest held: its blobs go with it, and its children are next.
    private static PurgeStep Follow(
        SqliteSession session, ChangeContext change, long repositoryId, RepositoryName repository, Digest manifest, string? released) => released is null
        ? new PurgeStep(repositoryId, manifest, [], [])
        : new PurgeStep(
            repositoryId,
            manifest,
            TrashRows.UnlinkIdle(session, change, repositoryId, repository, released),
            TrashRows.FindReleased(session, repositoryId, released));

    private ChangeContext Begin() => new() { Origin = origin, Reason = Purged, Now = database.Clock.Now, Time = time.GetUtcNow() };
}
