using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Trash;
using Registry.Storage.Postgres.Trash;

namespace Registry.Storage.Postgres;

/// <summary>Deleted manifests that can be restored, in PostgreSQL.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
public sealed class PostgresTrash(PostgresDatabase database, TimeProvider time) : ITrash
{
    public Task<TrashEntry?> FindAsync(RepositoryName repository, Digest digest) =>
        database.ReadAsync(session => TrashRows.FindAsync(session, repository, digest));

    public async Task<TrashPage> ListAsync(RepositoryName repository, long? before, int limit) =>
        TrashPage.Of(await database.ReadAsync(session => TrashRows.ListAsync(session, repository, before ?? long.MaxValue, limit + 1L)), limit);

    public async Task<IReadOnlyList<TrashEntry>> ListOldestAsync(int limit) => await database.ReadAsync(session => TrashRows.ListOldestAsync(session, limit));

    public async Task<TrashPage> ListAllAsync(long? before, int limit) =>
        TrashPage.Of(await database.ReadAsync(session => TrashRows.ListAllAsync(session, before ?? long.MaxValue, limit + 1L)), limit);

    public Task<Result<Purge>> PurgeAsync(RepositoryName repository, Digest digest, ChangeOrigin origin) =>
        PurgeWalk.RunAsync(new PostgresPurge(database, time, origin), repository, digest);

    // The server alone decides when it reuses the space of removed rows, and how long it keeps its logs.
    public Task<IReadOnlyList<LeftBytes>> ScrubAsync() => Task.FromResult<IReadOnlyList<LeftBytes>>(
    [
        new(
            "removed rows of the database in PostgreSQL, which had manifests and small blobs, until VACUUM and later changes overwrite them; its write-ahead logs, replicas and base backups",
            IsFault: false),
    ]);
}
