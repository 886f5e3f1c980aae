namespace Registry.Storage.Postgres;

/// <summary>Connection to PostgreSQL, and the times after which the registry stops waiting for it.</summary>
public sealed record PostgresSettings
{
    /// <summary>
    /// Connection string with keywords (<c>Host=db;Username=registry;Password=…;Database=registry</c>). Several hosts are tried in order, and only the one that
    /// accepts writes is used.
    /// </summary>
    public required string ConnectionString { get; init; }

    /// <summary>
    /// Connections at most, from 2. Small pools are faster than large ones: a connection is a process of the server. All nodes together must stay below its
    /// <c>max_connections</c>.
    /// </summary>
    public int PoolSize { get; init; } = 16;

    /// <summary>Time for a new connection, and for a free one of the pool. Up to 1,024 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time that a statement may run on the server.</summary>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time that a change waits for another one of the same repository or content.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Time after which the server ends the transaction of a process that no longer talks to it. The other processes wait that long for a process that has
    /// stopped inside a transaction.
    /// </summary>
    public TimeSpan IdleTransactionTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>True to advance the clock of grace periods by the time that passes. Tests that advance it themselves do not.</summary>
    internal bool CountsTime { get; init; } = true;
}
