using Npgsql;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Uploads.Sessions;

namespace Registry.Storage.Postgres.Rows;

/// <summary>Statements about the <c>uploads</c> table.</summary>
internal static class UploadRows
{
    private const string Columns = "u.id, u.repository, u.owner, u.network, u.algorithm, u.generation, u.position, u.hash_state";

    private const string IsInUse = "u.is_used AND EXISTS (SELECT 1 FROM processes p WHERE p.id = u.process AND p.alive_until > clock_timestamp())";

    private const string Idle = $"CASE WHEN {IsInUse} THEN 0 ELSE (SELECT seconds FROM clock) - u.idle_since END";

    /// <summary>Counts the uploads of which a session is one, or will be one. Sends the collected statements.</summary>
    public static Task<UploadCounts> CountAsync(PostgresSession connection, StoredUploadSession session) => connection.FirstAsync(
        """
        SELECT (SELECT count(*) FROM uploads), CASE
            WHEN $1::text IS NOT NULL THEN (SELECT count(*) FROM uploads WHERE owner = $1)
            ELSE (SELECT count(*) FROM uploads WHERE owner IS NULL AND network IS NOT DISTINCT FROM $2::text)
        END, (SELECT count(*) FROM uploads WHERE network = $2)
        """,
        row => new UploadCounts(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)),
        session.Owner,
        TextOf(session.Network));

    /// <summary>Collects the statement that adds a session.</summary>
    public static void Add(PostgresSession connection, StoredUploadSession session, Guid process) => connection.Queue(
        """
        INSERT INTO uploads (id, repository, owner, network, algorithm, process, generation, idle_since)
        SELECT $1, $2, $3::text, $4::text, $5, $6, $7, seconds FROM clock
        """,
        session.Id,
        session.Repository.Value,
        session.Owner,
        TextOf(session.Network),
        session.Algorithm.Name,
        process,
        session.Generation);

    /// <summary>Collects the statements that take over the sessions of processes that have ended, and read all of this one.</summary>
    public static List<StoredUploadSession> TakeOver(PostgresSession connection, Guid process)
    {
        connection.Queue(
            """
            UPDATE uploads u SET process = $1, generation = generation + 1
            WHERE NOT EXISTS (SELECT 1 FROM processes p WHERE p.id = u.process AND p.alive_until > clock_timestamp())
            """,
            process);
        return connection.Ask($"SELECT {Columns} FROM uploads u WHERE process = $1", Read, process);
    }

    /// <summary>Collects the statement that saves how far an upload is. It returns a row unless the lease has ended.</summary>
    public static List<bool> Save(PostgresSession connection, UploadLease lease, long position, byte[]? hashState) => connection.Ask(
        "UPDATE uploads SET position = $3, hash_state = $4 WHERE id = $1 AND generation = $2 RETURNING true",
        row => row.GetBoolean(0),
        lease.Id,
        lease.Generation,
        position,
        hashState);

    /// <summary>Collects the statement that removes a session. It returns a row unless the lease has ended.</summary>
    public static List<bool> Remove(PostgresSession connection, UploadLease lease) => connection.Ask(
        "DELETE FROM uploads WHERE id = $1 AND generation = $2 RETURNING true", row => row.GetBoolean(0), lease.Id, lease.Generation);

    /// <summary>Finds the session of an upload. Sends the collected statements.</summary>
    public static async Task<UploadProgress?> FindAsync(PostgresSession connection, Guid id)
    {
        var rows = await connection.AllAsync($"SELECT {Columns}, {Idle} FROM uploads u WHERE u.id = $1", ReadProgress, id);
        return rows.Count > 0 ? rows[0] : null;
    }

    /// <summary>Lists the sessions that no request has used for some seconds. Sends the collected statements.</summary>
    public static Task<List<UploadProgress>> ListIdleAsync(PostgresSession connection, long idle) => connection.AllAsync(
        $"SELECT {Columns}, {Idle} FROM uploads u WHERE u.idle_since <= (SELECT seconds FROM clock) - $1 AND NOT ({IsInUse})", ReadProgress, idle);

    /// <summary>Lists all sessions. Sends the collected statements.</summary>
    public static Task<List<UploadProgress>> ListAsync(PostgresSession connection) =>
        connection.AllAsync($"SELECT {Columns}, {Idle} FROM uploads u", ReadProgress);

    /// <summary>Lists sessions in the order of their ids, after one. Sends the collected statements.</summary>
    public static Task<List<UploadProgress>> ListAsync(PostgresSession connection, Guid after, int limit) =>
        connection.AllAsync($"SELECT {Columns}, {Idle} FROM uploads u WHERE u.id > $1 ORDER BY u.id LIMIT $2", ReadProgress, after, limit);

    /// <summary>Finds the session that gives way to a new one; see <see cref="ISharedUploadSessions.FindEmptyAsync"/>. Sends the collected statements.</summary>
    public static async Task<Guid?> FindEmptyAsync(PostgresSession connection, UploadHolder holder, bool ofHolder, ClientNetwork? within, long claim)
    {
        var rows = await connection.AllAsync(
            """
            WITH empty AS (
                SELECT id, owner, network, is_used, idle_since, coalesce('user ' || owner, 'network ' || network, '') AS holder FROM uploads WHERE position = 0),
            holders AS (SELECT holder, count(*) AS uploads FROM empty GROUP BY holder)
            SELECT e.id FROM empty e JOIN holders h ON h.holder = e.holder LEFT JOIN holders own ON own.holder = $1
            WHERE NOT e.is_used AND e.idle_since <= (SELECT seconds FROM clock) - $4 AND ($3::text IS NULL OR e.network = $3)
                AND (e.holder = $1 OR (NOT $2 AND ($3 IS NOT NULL OR h.uploads > coalesce(own.uploads, 0))))
            ORDER BY h.uploads DESC, e.idle_since, e.id LIMIT 1
            """,
            row => row.GetGuid(0),
            holder.User is { } user ? $"user {user}" : TextOf(holder.Network) is { } network ? $"network {network}" : string.Empty,
            ofHolder,
            within is { } only ? TextOf(only) : null,
            claim);
        return rows.Count > 0 ? rows[0] : null;
    }

    /// <summary>
    /// Collects the statement that acquires a session for a process, unless another one that runs uses it, or it has not been idle for some seconds. One that this
    /// process holds already is held for a request that has ended without its release.
    /// </summary>
    public static List<AcquiredSession> Acquire(PostgresSession connection, Guid id, Guid process, long idle) => connection.Ask(
        $"""
        WITH before AS (SELECT id, process, is_used FROM uploads WHERE id = $1 FOR UPDATE)
        UPDATE uploads u SET process = $2, generation = u.generation + 1, is_used = true FROM before b
        WHERE u.id = b.id AND (u.process = $2 OR NOT ({IsInUse})) AND ($3 = 0 OR u.idle_since <= (SELECT seconds FROM clock) - $3)
        RETURNING {Columns}, b.is_used OR (b.process <> $2 AND u.position > 0)
        """,
        row => new AcquiredSession(Read(row), row.GetBoolean(8)),
        id,
        process,
        idle);

    /// <summary>Collects the statement that saves how far an upload is, and releases it. It returns a row unless the lease has ended.</summary>
    public static List<bool> Release(PostgresSession connection, UploadLease lease, long position, byte[]? hashState) => connection.Ask(
        """
        UPDATE uploads SET position = $3, hash_state = $4, is_used = false, idle_since = (SELECT seconds FROM clock)
        WHERE id = $1 AND generation = $2 RETURNING true
        """,
        row => row.GetBoolean(0),
        lease.Id,
        lease.Generation,
        position,
        hashState);

    /// <summary>
    /// Collects the statements that remove a session in the change that ends it. One that has ended already is no obstacle. They return a row if another process
    /// holds it, and the change must be rolled back (<see cref="Lost"/>).
    /// </summary>
    public static List<bool> End(PostgresSession connection, UploadLease lease)
    {
        connection.Queue("DELETE FROM uploads WHERE id = $1 AND generation = $2", lease.Id, lease.Generation);
        return connection.Ask("SELECT true FROM uploads WHERE id = $1", row => row.GetBoolean(0), lease.Id);
    }

    /// <summary>The error when another process holds the session.</summary>
    public static RegistryError Lost => new(RegistryErrorCode.UploadTakenOver, UploadLease.Lost);

    private static UploadProgress ReadProgress(NpgsqlDataReader row)
    {
        var session = Read(row);
        return new UploadProgress(session, session.Position, TimeSpan.FromSeconds(row.GetInt64(8)));
    }

    private static StoredUploadSession Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        RepositoryName.Parse(row.GetString(1)),
        ContentRows.ReadText(row, 2),
        row.IsDBNull(3) ? ClientNetwork.Unknown : ClientNetwork.Parse(row.GetString(3)),
        DigestAlgorithm.Find(row.GetString(4)) ?? DigestAlgorithm.Sha256)
    {
        Generation = row.GetInt64(5),
        Position = row.GetInt64(6),
        HashState = row.IsDBNull(7) ? (ReadOnlyMemory<byte>?)null : row.GetFieldValue<byte[]>(7),
    };

    private static string? TextOf(ClientNetwork network) => network == ClientNetwork.Unknown ? null : network.ToString();
}
