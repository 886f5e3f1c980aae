using Registry.Storage.Postgres.Schema;

namespace Registry.Storage.Postgres.Nodes;

/// <summary>Statements about the table <c>processes</c>: which processes of the registry run, by the clock of the server.</summary>
internal static class ProcessRows
{
    // A frozen process may wake up and go on.
    private const string SeenLately = "alive_until > clock_timestamp() - interval '1 hour'";

    /// <summary>Seconds after which a process counts as ended that has not renewed its row.</summary>
    private const int Lease = 15;

    /// <summary>Collects the statements that add the row of a process, or renew it, and remove those of processes that ended long ago.</summary>
    public static void Renew(PostgresSession session, Guid process)
    {
        session.Queue(
            """
            INSERT INTO processes (id, alive_until, schema) VALUES ($1, clock_timestamp() + make_interval(secs => $2), $3)
            ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until
            """,
            process,
            Lease,
            PostgresSchema.Version);
        session.Queue("DELETE FROM processes WHERE alive_until < clock_timestamp() - interval '1 day'");
    }

    /// <summary>Collects the statement that counts the processes that run.</summary>
    public static List<long> Count(PostgresSession session) =>
        session.Ask("SELECT count(*) FROM processes WHERE alive_until > clock_timestamp()", row => row.GetInt64(0));

    /// <summary>Counts the processes that run, without one.</summary>
    public static Task<long?> CountOthersAsync(PostgresSession session, Guid process) =>
        session.NumberAsync("SELECT count(*) FROM processes WHERE alive_until > clock_timestamp() AND id <> $1", process);

    /// <summary>Counts the processes that have run within the last hour and know an older schema.</summary>
    /// <param name="session">The connection.</param>
    /// <param name="schema">The schema.</param>
    public static Task<long?> CountOlderAsync(PostgresSession session, int schema) =>
        session.NumberAsync($"SELECT count(*) FROM processes WHERE {SeenLately} AND schema < $1", schema);

    /// <summary>Collects the query of the same number.</summary>
    public static List<long> AskOlder(PostgresSession session, int schema) =>
        session.Ask($"SELECT count(*) FROM processes WHERE {SeenLately} AND schema < $1", row => row.GetInt64(0), schema);

    /// <summary>Counts the processes that run, by the schema that they know.</summary>
    public static Task<List<(long Schema, long Count)>> CountBySchemaAsync(PostgresSession session) => session.AllAsync(
        "SELECT schema, count(*) FROM processes WHERE alive_until > clock_timestamp() GROUP BY schema ORDER BY schema", row => (row.GetInt64(0), row.GetInt64(1)));

    /// <summary>Collects the statement that removes the row of a process that ends.</summary>
    public static void Remove(PostgresSession session, Guid process) => session.Queue("DELETE FROM processes WHERE id = $1", process);
}
