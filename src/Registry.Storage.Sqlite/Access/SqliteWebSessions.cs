using Registry.Core.Access.Sessions;

namespace Registry.Storage.Sqlite.Access;

/// <summary>Log-ins to the web interface, in SQLite.</summary>
/// <param name="database">The database.</param>
public sealed class SqliteWebSessions(SqliteDatabase database) : IWebSessionStore
{
    public Task AddAsync(WebSession session, int limit)
    {
        ArgumentNullException.ThrowIfNull(session);
        return database.WriteUnsyncedAsync(connection =>
        {
            connection.Execute(
                "INSERT INTO web_sessions (key, user, line, begun_at, used_at) VALUES (@1, @2, @3, @4, @5)",
                session.Key,
                session.User,
                session.Line,
                session.BegunAt.ToUnixTimeMilliseconds(),
                session.UsedAt.ToUnixTimeMilliseconds());
            connection.Execute(
                """
                DELETE FROM web_sessions WHERE user = @1
                    AND key NOT IN (SELECT key FROM web_sessions WHERE user = @1 ORDER BY begun_at DESC, key DESC LIMIT @2)
                """,
                session.User,
                limit);
        });
    }

    public Task<WebSession?> FindAsync(byte[] key) => database.ReadAsync(connection => connection.First(
        "SELECT user, line, begun_at, used_at FROM web_sessions WHERE key = @1",
        row => new WebSession
        {
            Key = key,
            User = row.GetString(0),
            Line = row.GetString(1),
            BegunAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)),
            UsedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)),
        },
        key));

    public Task UseAsync(byte[] key, DateTimeOffset usedAt) => database.WriteUnsyncedAsync(
        connection => connection.Execute("UPDATE web_sessions SET used_at = @2 WHERE key = @1", key, usedAt.ToUnixTimeMilliseconds()));

    // Durable: what was ended stays ended.
    public Task RemoveAsync(byte[] key) => database.WriteAsync(connection => connection.Execute("DELETE FROM web_sessions WHERE key = @1", key));

    public Task RemoveUnusedAsync(DateTimeOffset usedBefore) => database.WriteUnsyncedAsync(
        connection => connection.Execute("DELETE FROM web_sessions WHERE used_at < @1", usedBefore.ToUnixTimeMilliseconds()));
}
