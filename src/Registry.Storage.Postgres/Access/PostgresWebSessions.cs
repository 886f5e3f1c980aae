using Registry.Core.Access.Sessions;

namespace Registry.Storage.Postgres.Access;

/// <summary>Log-ins to the web interface, in PostgreSQL.</summary>
/// <param name="database">The database.</param>
public sealed class PostgresWebSessions(PostgresDatabase database) : IWebSessionStore
{
    public Task AddAsync(WebSession session, int limit)
    {
        ArgumentNullException.ThrowIfNull(session);
        return database.WriteAsync(
            connection =>
            {
                connection.Queue(
                    "INSERT INTO web_sessions (key, account, line, begun_at, used_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (key) DO NOTHING",
                    session.Key,
                    session.User,
                    session.Line,
                    session.BegunAt.ToUnixTimeMilliseconds(),
                    session.UsedAt.ToUnixTimeMilliseconds());
                connection.Queue(
                    """
                    DELETE FROM web_sessions WHERE account = $1
                        AND key NOT IN (SELECT key FROM web_sessions WHERE account = $1 ORDER BY begun_at DESC, key DESC LIMIT $2)
                    """,
                    session.User,
                    (long)limit);
            },
            isDurable: false,
            isRepeatable: true);
    }

    public Task<WebSession?> FindAsync(byte[] key) => database.ReadAsync(connection => connection.FirstAsync(
        "SELECT account, line, begun_at, used_at FROM web_sessions WHERE key = $1",
        row => new WebSession
        {
            Key = key,
            User = row.GetString(0),
            Line = row.GetString(1),
            BegunAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)),
            UsedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)),
        },
        key));

    public Task UseAsync(byte[] key, DateTimeOffset usedAt) => database.WriteAsync(
        connection => connection.Queue("UPDATE web_sessions SET used_at = $2 WHERE key = $1", key, usedAt.ToUnixTimeMilliseconds()),
        isDurable: false,
        isRepeatable: true);

    // Durable: what was ended stays ended.
    public Task RemoveAsync(byte[] key) =>
        database.WriteAsync(connection => connection.Queue("DELETE FROM web_sessions WHERE key = $1", key), isRepeatable: true);

    public Task RemoveUnusedAsync(DateTimeOffset usedBefore) => database.WriteAsync(
        connection => connection.Queue("DELETE FROM web_sessions WHERE used_at < $1", usedBefore.ToUnixTimeMilliseconds()),
        isDurable: false,
        isRepeatable: true);
}
