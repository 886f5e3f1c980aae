using Registry.Core.Oci;

namespace Registry.Storage.Postgres.Rows;

/// <summary>Statements about the <c>change_held</c> table, under the lock of the feed.</summary>
internal static class HeldRows
{
    /// <summary>Reads the repositories that a consumer holds back.</summary>
    public static async Task<Dictionary<RepositoryName, long>> ReadAsync(PostgresSession session, string consumer) => (await session.AllAsync(
        "SELECT repository, position FROM change_held WHERE consumer = $1",
        row => KeyValuePair.Create(RepositoryName.Parse(row.GetString(0)), row.GetInt64(1)),
        consumer)).ToDictionary();

    /// <summary>Holds repositories back.</summary>
    public static void Add(PostgresSession session, string consumer, IReadOnlyCollection<KeyValuePair<RepositoryName, long>> held) => session.Queue(
        """
        INSERT INTO change_held (repository, consumer, position) SELECT repository, $1, position FROM unnest($2, $3) u (repository, position)
        ON CONFLICT (repository, consumer) DO UPDATE SET position = excluded.position
        """,
        consumer,
        NamesOf(held.Select(one => one.Key)),
        held.Select(one => one.Value).ToArray());

    /// <summary>Moves repositories that are held back on to a position, each at most to its own.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="consumer">The consumer.</param>
    /// <param name="targets">The repositories with their own positions.</param>
    /// <param name="upTo">The position.</param>
    public static void Move(PostgresSession session, string consumer, IReadOnlyDictionary<RepositoryName, long> targets, long upTo) => session.Queue(
        """
        UPDATE change_held h SET position = least($4, u.position) FROM unnest($2, $3) u (repository, position)
        WHERE h.consumer = $1 AND h.repository = u.repository AND h.position < least($4, u.position)
        """,
        consumer,
        NamesOf(targets.Keys),
        targets.Values.ToArray(),
        upTo);

    /// <summary>Position of the repository that is furthest behind; null if none is held back.</summary>
    public static Task<long?> FindSlowestAsync(PostgresSession session) => session.NumberAsync("SELECT min(position) FROM change_held");

    /// <summary>Ends holding repositories back.</summary>
    public static void Remove(PostgresSession session, string consumer, IEnumerable<RepositoryName> repositories) =>
        session.Queue("DELETE FROM change_held WHERE repository = ANY($1) AND consumer = $2", NamesOf(repositories), consumer);

    private static string[] NamesOf(IEnumerable<RepositoryName> repositories) => [.. repositories.Select(repository => repository.Value)];
}
