namespace Registry.Storage.Postgres.Rows;

/// <summary>Statements about the table <c>clock</c>: the seconds in which at least one node has run.</summary>
internal static class ClockRows
{
    /// <summary>
    /// Seconds by which the clock advances at once at most. A node advances it every second, so it stops when no node runs, and a jump of the server's clock counts
    /// as this long.
    /// </summary>
    private const int MaxStep = 10;

    /// <summary>Collects the statements that advance the clock by the time that has passed since any node has done so, and read it.</summary>
    public static List<long> Advance(PostgresSession session)
    {
        session.Queue(
            """
            UPDATE clock SET seconds = seconds + passed.counted,
                counted_at = CASE WHEN passed.whole BETWEEN 0 AND $1 THEN counted_at + make_interval(secs => passed.counted) ELSE clock_timestamp() END
            FROM (
                SELECT whole, greatest(0, least($1, whole)) AS counted FROM (
                    SELECT floor(extract(epoch FROM clock_timestamp() - counted_at))::bigint AS whole FROM clock FOR UPDATE) elapsed) passed
            WHERE passed.whole <> 0
            """,
            MaxStep);
        return Read(session);
    }

    /// <summary>Collects the query of the clock.</summary>
    public static List<long> Read(PostgresSession session) => session.Ask("SELECT seconds FROM clock", row => row.GetInt64(0));
}
