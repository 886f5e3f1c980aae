namespace Registry.Storage.Postgres.Nodes;

/// <summary>Statements about the table <c>processes</c>: which processes of the registry run, by the clock of the server.</summary>
internal static class ProcessRows
{
    /// <summary>Seconds after which a process counts as ended that has not renewed its row.</summary>
    private const int Lease = 15;

    /// <summary>Collects the statements that add the row of a process, or renew it, and remove those of processes that ended long ago.</summary>
    public static void Renew(PostgresSession session, Guid process)
    {
        session.Queue(
            """
            INSERT INTO processes (id, alive_until) VALUES ($1, clock_timestamp() + make_interval(secs => $2))
            ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until
            """,
            process,
            Lease);
        session.Queue("DELETE FROM processes WHERE alive_until < clock_timestamp() - interval '1 day'");
    }

    /// <summary>Counts the processes that run, without one.</summary>
    public static Task<long?> CountOthersAsync(PostgresSession session, Guid process) =>
        session.NumberAsync("SELECT count(*) FROM processes WHERE alive_until > clock_timestamp() AND id <> $1", process);

    /// <summary>Collects the statement that removes the row of a process that ends.</summary>
    public static void Remove(PostgresSession session, Guid process) => session.Queue("DELETE FROM processes WHERE id = $1", process);
}
