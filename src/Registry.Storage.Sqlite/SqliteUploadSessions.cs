using Registry.Core.Metadata;
using Registry.Core.Uploads.Sessions;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>The <c>uploads</c> table, for one process.</summary>
public sealed class SqliteUploadSessions(SqliteDatabase database) : IUploadSessions
{
    // Only one process at a time has the database, so every other one has ended.
    private readonly string _process = Guid.NewGuid().ToString();

    public IReadOnlyList<StoredUploadSession> TakeOver()
    {
        database.WriteUnsyncedAsync(connection => UploadRows.TakeOver(connection, _process)).GetAwaiter().GetResult();
        return database.ReadAsync(connection => UploadRows.Read(connection, _process)).GetAwaiter().GetResult();
    }

    public async Task<UploadCounts?> AddAsync(StoredUploadSession session, UploadShares shares, UploadLease? replaced = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(shares);
        UploadCounts? refused = null;
        await database.WriteUnsyncedAsync(
            connection =>
            {
                refused = null;
                var isReplaced = replaced is { } lease && UploadRows.Remove(connection, lease);
                if (!isReplaced && UploadRows.Count(connection, session) is var counts && !shares.Admits(counts))
                {
                    refused = counts;
                    return;
                }

                UploadRows.Add(connection, session, _process);
            },
            new WriteTurn(session.Repository, 1));
        return refused;
    }

    public Task<bool> SaveAsync(UploadLease lease, long position, ReadOnlyMemory<byte>? hashState) =>
        WriteAsync(connection => UploadRows.Save(connection, lease, position, hashState?.ToArray()));

    public Task<bool> RemoveAsync(UploadLease lease) => WriteAsync(connection => UploadRows.Remove(connection, lease));

    private async Task<bool> WriteAsync(Func<SqliteSession, bool> change)
    {
        var isDone = false;
        await database.WriteUnsyncedAsync(connection => isDone = change(connection));
        return isDone;
    }
}
