using Registry.Storage.Postgres.Connections;

namespace Registry.Storage.Postgres;

/// <summary>Connection to PostgreSQL, and the times after which the registry stops waiting for it.</summary>
public sealed record PostgresSettings
{
    /// <summary>Smallest <see cref="PoolSize"/>.</summary>
    internal const int MinPoolSize = 2;

    /// <summary>
    /// Connection string with keywords (<c>Host=db;Username=registry;Password=…;Database=registry</c>). Several hosts are tried in order, and only the one that
    /// accepts writes is used. An application name and options of the server are taken from it; its other settings that have a property here count only
    /// for <see cref="Parse"/>.
    /// </summary>
    public required string ConnectionString { get; init; }

    /// <summary>
    /// Connections at most, from 2. Small pools are faster than large ones: a connection is a process of the server. All nodes together must stay below its
    /// <c>max_connections</c>.
    /// </summary>
    public int PoolSize { get; init; } = 16;

    /// <summary>Time for a new connection, and for a free one of the pool. Up to 1,024 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Time that a statement may run on the server.</summary>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Time that a change waits for another one of the same repository or content. Longer than <see cref="IdleTransactionTimeout"/>, so that a process that has
    /// stopped inside a transaction delays the changes of the others, but does not fail them.
    /// </summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(7);

    /// <summary>
    /// Time after which the server ends the transaction of a process that no longer talks to it. The other processes wait that long for a process that has
    /// stopped inside a transaction.
    /// </summary>
    public TimeSpan IdleTransactionTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>True to advance the clock of grace periods by the time that passes. Tests that advance it themselves do not.</summary>
    internal bool CountsTime { get; init; } = true;

    /// <summary>Reads a connection as an operator writes it.</summary>
    /// <param name="text">
    /// A connection string with keywords of Npgsql, or a URL (<c>postgres://user:password@host:port,host2:port/database?sslmode=verify-full</c>) with parameters of
    /// libpq. White space around it does not count.
    /// </param>
    /// <exception cref="FormatException">
    /// It cannot be read, or lacks the host, the user or the database. The message is a sentence for the operator, without the password.
    /// </exception>
    public static PostgresSettings Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = text.Trim();
        var connection = ConnectionUrl.IsUrl(text) ? ConnectionUrl.Read(text) : ConnectionKeywords.Read(text);
        if (connection.TargetSessionAttributes is not (null or "primary" or "read-write"))
        {
            throw new FormatException("Target Session Attributes of the connection string of PostgreSQL must be primary or read-write, since the registry writes.");
        }

        var settings = new PostgresSettings { ConnectionString = connection.ConnectionString };
        return settings with
        {
            PoolSize = Find("Maximum Pool Size", connection.MaxPoolSize, MinPoolSize) ?? settings.PoolSize,
            ConnectTimeout = Find("Timeout", connection.Timeout, min: 1) is { } seconds ? TimeSpan.FromSeconds(seconds) : settings.ConnectTimeout,
        };

        int? Find(string keyword, int value, int min) => !connection.Keys.Any(given => given == keyword) ? null : value >= min
            ? value
            : throw new FormatException($"{keyword} of the connection string of PostgreSQL must be at least {min}.");
    }
}
