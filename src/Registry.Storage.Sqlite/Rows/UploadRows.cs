using System.Globalization;
using Microsoft.Data.Sqlite;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Uploads.Sessions;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>
/// Statements about the <c>uploads</c> table, inside the caller's savepoint. Triggers keep <c>upload_counts</c>, so that counting reads three rows.
/// </summary>
internal static class UploadRows
{
    // The kinds of upload_counts.
    private const long OfUser = 1;
    private const long OfAnonymousNetwork = 2;

    /// <summary>Counts the uploads of which a session is one, or will be one.</summary>
    public static UploadCounts Count(SqliteSession connection, StoredUploadSession session)
    {
        var network = TextOf(session.Network);
        return connection.First(
            """
            SELECT (SELECT count FROM upload_counts WHERE kind = 0 AND name = ''), (SELECT count FROM upload_counts WHERE kind = @1 AND name = @2),
                (SELECT count FROM upload_counts WHERE kind = 3 AND name = @3)
            """,
            row => new UploadCounts(Number(row, 0), Number(row, 1), Number(row, 2)),
            session.Owner is null ? OfAnonymousNetwork : OfUser,
            session.Owner ?? network ?? string.Empty,
            network);

        static long Number(SqliteDataReader row, int column) => row.IsDBNull(column) ? 0 : row.GetInt64(column);
    }

    /// <summary>Adds a session.</summary>
    /// <param name="connection">The transaction.</param>
    /// <param name="session">The session.</param>
    /// <param name="process">The process that holds it.</param>
    public static void Add(SqliteSession connection, StoredUploadSession session, string process) => connection.Execute(
        "INSERT INTO uploads (id, repository, owner, network, algorithm, process, generation) VALUES (@1, @2, @3, @4, @5, @6, @7)",
        Name(session.Id),
        session.Repository.Value,
        session.Owner,
        TextOf(session.Network),
        session.Algorithm.Name,
        process,
        session.Generation);

    /// <summary>Takes over the sessions that other processes have held.</summary>
    public static void TakeOver(SqliteSession connection, string process) =>
        connection.Execute("UPDATE uploads SET process = @1, generation = generation + 1 WHERE process <> @1", process);

    /// <summary>Reads the sessions of a process.</summary>
    public static List<StoredUploadSession> Read(SqliteSession connection, string process) => connection.All(
        "SELECT id, repository, owner, network, algorithm, generation, position, hash_state FROM uploads WHERE process = @1",
        row => new StoredUploadSession(
            Id(row.GetString(0)),
            RepositoryName.Parse(row.GetString(1)),
            row.IsDBNull(2) ? null : row.GetString(2),
            row.IsDBNull(3) ? ClientNetwork.Unknown : ClientNetwork.Parse(row.GetString(3)),
            DigestAlgorithm.Find(row.GetString(4)) ?? DigestAlgorithm.Sha256)
        {
            Generation = row.GetInt64(5),
            Position = row.GetInt64(6),
            HashState = row.IsDBNull(7) ? (ReadOnlyMemory<byte>?)null : row.GetFieldValue<byte[]>(7),
        },
        process);

    /// <summary>Saves how far an upload is; false if the lease has ended.</summary>
    public static bool Save(SqliteSession connection, UploadLease lease, long position, byte[]? hashState) => connection.Execute(
        "UPDATE uploads SET position = @3, hash_state = @4 WHERE id = @1 AND generation = @2", Name(lease.Id), lease.Generation, position, hashState) > 0;

    /// <summary>Removes a session; false if the lease has ended.</summary>
    public static bool Remove(SqliteSession connection, UploadLease lease) =>
        connection.Execute("DELETE FROM uploads WHERE id = @1 AND generation = @2", Name(lease.Id), lease.Generation) > 0;

    /// <summary>Removes a session in the change that ends it. One that has ended already is no obstacle.</summary>
    /// <returns>BLOB_UPLOAD_INVALID if another process holds it; the change must be rolled back.</returns>
    public static RegistryError? End(SqliteSession connection, UploadLease lease) =>
        Remove(connection, lease) || connection.Number("SELECT 1 FROM uploads WHERE id = @1", Name(lease.Id)) is null
            ? null
            : new RegistryError(RegistryErrorCode.UploadTakenOver, UploadLease.Lost);

    /// <summary>Id of an upload, as the rows have it.</summary>
    public static string Name(Guid id) => id.ToString("D", CultureInfo.InvariantCulture);

    /// <summary>Reads what <see cref="Name"/> has written.</summary>
    public static Guid Id(string name) => Guid.ParseExact(name, "D");

    private static string? TextOf(ClientNetwork network) => network == ClientNetwork.Unknown ? null : network.ToString();
}
