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
    private const string Columns = "id, repository, owner, network, algorithm, generation, position, hash_state";

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
        "INSERT INTO uploads (id, repository, owner, network, algorithm, process, generation) VALUES ($1, $2, $3, $4, $5, $6, $7)",
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
        return connection.Ask($"SELECT {Columns} FROM uploads WHERE process = $1", Read, process);
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
