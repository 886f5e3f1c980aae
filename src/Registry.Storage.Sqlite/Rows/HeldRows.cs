using Registry.Core.Oci;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>Statements about the <c>change_held</c> table, inside the caller's savepoint.</summary>
internal static class HeldRows
{
    /// <summary>Reads the repositories that a consumer holds back.</summary>
    public static Dictionary<RepositoryName, long> Read(SqliteSession session, string consumer) => session.All(
        "SELECT repository, position FROM change_held WHERE consumer = @1",
        row => (Repository: RepositoryName.Parse(row.GetString(0)), Position: row.GetInt64(1)),
        consumer).ToDictionary(row => row.Repository, row => row.Position);

    /// <summary>Holds a repository back, or moves it to another position.</summary>
    public static void Set(SqliteSession session, string consumer, RepositoryName repository, long position) => session.Execute(
        """
        INSERT INTO change_held (repository, consumer, position) VALUES (@1, @2, @3)
        ON CONFLICT (repository, consumer) DO UPDATE SET position = excluded.position
        """,
        repository.Value,
        consumer,
        position);

    /// <summary>Ends holding a repository back.</summary>
    public static void Remove(SqliteSession session, string consumer, RepositoryName repository) =>
        session.Execute("DELETE FROM change_held WHERE repository = @1 AND consumer = @2", repository.Value, consumer);
}
