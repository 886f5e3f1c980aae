using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Trash;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Trash;

namespace Registry.Storage.Sqlite;

/// <summary>Deleted manifests that can be restored, in SQLite.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
public sealed class SqliteTrash(SqliteDatabase database, TimeProvider time) : ITrash
{
    private readonly DatabaseScrub _scrub = new(database);

    public Task<TrashEntry?> FindAsync(RepositoryName repository, Digest digest) =>
        database.ReadAsync(session => TrashRows.Find(session, repository, digest));

    public Task<TrashPage> ListAsync(RepositoryName repository, long? before, int limit) => database.ReadAsync(session =>
        ContentRows.FindRepository(session, repository) is { } id
            ? TrashPage.Of(TrashRows.List(session, id, before ?? long.MaxValue, limit + 1L), limit)
            : new TrashPage([], HasMore: false));

    public Task<TrashPage> ListAllAsync(long? before, int limit) =>
        database.ReadAsync(session => TrashPage.Of(TrashRows.ListAll(session, before ?? long.MaxValue, limit + 1L), limit));

    public async Task<IReadOnlyList<TrashEntry>> ListOldestAsync(int limit) => await database.ReadAsync(session => TrashRows.ListOldest(session, limit));

    public Task<Result<Purge>> PurgeAsync(RepositoryName repository, Digest digest, ChangeOrigin origin) =>
        PurgeWalk.RunAsync(new SqlitePurge(database, time, origin), repository, digest);

    public async Task<IReadOnlyList<LeftBytes>> ScrubAsync() => await _scrub.RunAsync()
        ? []
        :
        [
            new LeftBytes(
                "the write-ahead log of the database (registry.db-wal), which another program reads at the moment: purge another image later, or restart the registry, to empty it",
                IsFault: true),
        ];
}
