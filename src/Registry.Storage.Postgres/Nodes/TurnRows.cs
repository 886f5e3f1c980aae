namespace Registry.Storage.Postgres.Nodes;

/// <summary>Statements about the table <c>turns</c>: when a node has last begun each periodic work, by the clock of the server.</summary>
internal static class TurnRows
{
    /// <summary>Collects the statement that takes the turn of a work. It returns a row unless a node has taken it within the period.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="work">Name of the work.</param>
    /// <param name="period">Milliseconds from turn to turn.</param>
    public static List<bool> Take(PostgresSession session, string work, long period) => session.Ask(
        // The server's clock may have been set back by more than a period.
        """
        INSERT INTO turns AS t (work, begun_at) VALUES ($1, clock_timestamp())
        ON CONFLICT (work) DO UPDATE SET begun_at = clock_timestamp() WHERE abs(extract(epoch FROM clock_timestamp() - t.begun_at)) * 1000 >= $2
        RETURNING true
        """,
        row => row.GetBoolean(0),
        work,
        period);
}
