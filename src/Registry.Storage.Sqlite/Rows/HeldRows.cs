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

    /// <summary>Moves repositories that are held back on to a position, each at most to its own.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="consumer">The consumer.</param>
    /// <param name="targets">The repositories with their own positions.</param>
    /// <param name="upTo">The position.</param>
    public static void Move(SqliteSession session, string consumer, IReadOnlyDictionary<RepositoryName, long> targets, long upTo) => session.Execute(
        """
        UPDATE change_held SET position = MIN(@3, j.value) FROM json_each(@2) j
        WHERE consumer = @1 AND repository = j.key AND position < MIN(@3, j.value)
        """,
        consumer,
        JsonList.Of(targets.Select(target => KeyValuePair.Create(target.Key.Value, target.Value))),
        upTo);

    /// <summary>Position of the repository that is furthest behind; null if none is held back.</summary>
    public static long? FindSlowest(SqliteSession session) => session.Number("SELECT MIN(position) FROM change_held");

    /// <summary>Ends holding repositories, a JSON array, back.</summary>
    public static void Remove(SqliteSession session, string consumer, string repositories) => session.Execute(
        "DELETE FROM change_held WHERE repository IN (SELECT value FROM json_each(@1)) AND consumer = @2", repositories, consumer);
}
