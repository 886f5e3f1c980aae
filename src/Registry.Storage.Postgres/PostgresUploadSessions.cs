using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Metadata;
using Registry.Core.Uploads.Sessions;
using Registry.Storage.Postgres.Locks;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres;

/// <summary>The <c>uploads</c> table. Its commits do not wait for the disk: a client whose session is lost in a power cut begins again.</summary>
public sealed class PostgresUploadSessions(PostgresDatabase database) : ISharedUploadSessions
{
    public IReadOnlyList<StoredUploadSession> TakeOver() => database.WriteAsync<IReadOnlyList<StoredUploadSession>>(
        async connection =>
        {
            var sessions = UploadRows.TakeOver(connection, database.Process);
            await connection.SendAsync();
            return sessions;
        },
        isDurable: false).GetAwaiter().GetResult().Value;

    public async Task<UploadCounts?> AddAsync(StoredUploadSession session, UploadShares shares, UploadLease? replaced = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(shares);
        var refused = await database.WriteAsync<UploadCounts?>(
            async connection =>
            {
                // What is counted must not grow before the session is added. Sessions that end meanwhile only make room.
                connection.Lock("SELECT pg_advisory_xact_lock($1, 0)", AdvisoryLocks.Uploads);
                var removed = replaced is { } lease ? UploadRows.Remove(connection, lease) : [];
                var counts = await UploadRows.CountAsync(connection, session);
                if (removed.Count == 0 && !shares.Admits(counts))
                {
                    connection.Abandon();
                    return counts;
                }

                UploadRows.Add(connection, session, database.Process);
                return (UploadCounts?)null;
            },
            isDurable: false);
        return refused.Value;
    }

    public Task<bool> SaveAsync(UploadLease lease, long position, ReadOnlyMemory<byte>? hashState) =>
        WriteAsync(connection => UploadRows.Save(connection, lease, position, hashState?.ToArray()));

    public Task<bool> RemoveAsync(UploadLease lease) => WriteAsync(connection => UploadRows.Remove(connection, lease));

    public Task<UploadProgress?> FindAsync(Guid id) => database.ReadAsync(connection => UploadRows.FindAsync(connection, id));

    public async Task<IReadOnlyList<UploadProgress>> ListAsync(TimeSpan idle) => await database.ReadAsync(
        connection => idle > TimeSpan.Zero ? UploadRows.ListIdleAsync(connection, SecondsOf(idle)) : UploadRows.ListAsync(connection));

    public async Task<IReadOnlyList<UploadProgress>> ListAsync(Guid after, int limit) => await database.ReadAsync(connection => UploadRows.ListAsync(connection, after, limit));

    public Task<Guid?> FindEmptyAsync(UploadHolder holder, bool ofHolder, ClientNetwork? within, TimeSpan claim) =>
        database.ReadAsync(connection => UploadRows.FindEmptyAsync(connection, holder, ofHolder, within, SecondsOf(claim)));

    public async Task<AcquiredSession?> AcquireAsync(Guid id, TimeSpan idle)
    {
        var acquired = await ChangeAsync(connection => UploadRows.Acquire(connection, id, database.Process, SecondsOf(idle)));
        return acquired.Count > 0 ? acquired[0] : null;
    }

    public async Task<bool> ReleaseAsync(UploadLease lease, long position, ReadOnlyMemory<byte>? hashState) =>
        (await ChangeAsync(connection => UploadRows.Release(connection, lease, position, hashState?.ToArray()))).Count > 0;

    private static long SecondsOf(TimeSpan time) => (long)Math.Ceiling(time.TotalSeconds);

    // Sends the statement with the commit, which brings its rows: one round trip.
    private async Task<List<T>> ChangeAsync<T>(Func<PostgresSession, List<T>> change) =>
        (await database.WriteAsync<List<T>>(connection => Task.FromResult<Result<List<T>>>(change(connection)), isDurable: false)).Value;

    private async Task<bool> WriteAsync(Func<PostgresSession, List<bool>> change)
    {
        var done = await database.WriteAsync<bool>(
            async connection =>
            {
                var rows = change(connection);
                await connection.SendAsync();
                return rows.Count > 0;
            },
            isDurable: false);
        return done.Value;
    }
}
