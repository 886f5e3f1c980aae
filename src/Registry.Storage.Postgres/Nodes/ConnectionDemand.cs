using System.Globalization;

namespace Registry.Storage.Postgres.Nodes;

/// <summary>Connections that all nodes may open, and those that the server has for them.</summary>
/// <param name="Nodes">Number of nodes that run.</param>
/// <param name="PoolSize">Connections of each node at most.</param>
/// <param name="Max">Connections of the server.</param>
/// <param name="Reserved">How many of them the server keeps for others.</param>
internal sealed record ConnectionDemand(long Nodes, int PoolSize, long Max, long Reserved)
{
    /// <summary>Reads the number of nodes and the settings of the server. All nodes count as having the pool size of this one.</summary>
    /// <param name="session">The connection.</param>
    /// <param name="process">This node, which counts in any case.</param>
    /// <param name="poolSize">Its connections at most.</param>
    public static Task<ConnectionDemand?> ReadAsync(PostgresSession session, Guid process, int poolSize) => session.FirstAsync(
        // PostgreSQL 16 and later have reserved_connections.
        """
        SELECT (SELECT count(*) FROM processes WHERE alive_until > clock_timestamp() AND id <> $1) + 1, current_setting('max_connections')::bigint,
            current_setting('superuser_reserved_connections')::bigint + coalesce(current_setting('reserved_connections', true)::bigint, 0)
        """,
        row => new ConnectionDemand(row.GetInt64(0), poolSize, row.GetInt64(1), row.GetInt64(2)),
        process);

    /// <summary>Describes the shortage in a sentence for the operator; null if there are enough connections.</summary>
    public string? Describe()
    {
        var (needed, available) = (Nodes * PoolSize, Max - Reserved);
        if (needed <= available)
        {
            return null;
        }

        var smaller = available / Nodes >= PostgresSettings.MinPoolSize ? string.Create(CultureInfo.InvariantCulture, $", or lower the pool size of each node to {available / Nodes}") : string.Empty;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{(Nodes == 1 ? "1 node needs" : $"{Nodes} nodes need")} up to {needed} connections to PostgreSQL ({PoolSize} each), which has {available} for them (max_connections = {Max}, of which {Reserved} are reserved): raise max_connections to {needed + Reserved}{smaller}.");
    }
}
