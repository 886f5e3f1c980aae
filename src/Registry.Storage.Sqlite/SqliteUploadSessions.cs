using System.Globalization;
using Registry.Core.Oci;
using Registry.Core.Uploads;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>The <c>uploads</c> table.</summary>
public sealed class SqliteUploadSessions(SqliteDatabase database) : IUploadSessions
{
    public IReadOnlyList<StoredUploadSession> Load() => database.ReadAsync(session => session.All(
        "SELECT id, repository, owner, algorithm FROM uploads",
        row => new StoredUploadSession(
            Guid.ParseExact(row.GetString(0), "D"),
            RepositoryName.Parse(row.GetString(1)),
            row.IsDBNull(2) ? null : row.GetString(2),
            DigestAlgorithm.Find(row.GetString(3)) ?? DigestAlgorithm.Sha256))).GetAwaiter().GetResult();

    public Task AddAsync(StoredUploadSession session) => database.WriteUnsyncedAsync(connection =>
    {
        connection.Execute(
            "INSERT INTO uploads (id, repository, owner, algorithm) VALUES (@1, @2, @3, @4)",
            Name(session.Id),
            session.Repository.Value,
            session.Owner,
            session.Algorithm.Name);
    }, new WriteTurn(session.Repository, 1));

    public Task RemoveAsync(Guid id) => database.WriteUnsyncedAsync(connection => Remove(connection, id));

    /// <summary>Removes a session, in the transaction of the change that ends it.</summary>
    internal static void Remove(SqliteSession connection, Guid id) => connection.Execute("DELETE FROM uploads WHERE id = @1", Name(id));

    private static string Name(Guid id) => id.ToString("D", CultureInfo.InvariantCulture);
}
