using Registry.Core.Metadata;
using Registry.Core.Uploads.Sessions;
using Registry.Storage.Postgres.Locks;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres;

/// <summary>The <c>uploads</c> table. Its commits do not wait for the disk: a client whose session is lost in a power cut begins again.</summary>
public sealed class PostgresUploadSessions(PostgresDatabase database) : IUploadSessions
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
