using Npgsql;
using Registry.Core.Storage;

namespace Registry.Storage.Postgres.Connections;

/// <summary>Connection strings of Npgsql, from the settings.</summary>
internal static class ConnectionString
{
    /// <summary>Name of the server, for people. Several hosts have their ports already.</summary>
    public static string NameOf(NpgsqlConnectionStringBuilder connection) => connection.Host switch
    {
        { } hosts when hosts.Contains(',') => hosts,
        { } host when host.Contains(':') && host[0] != '[' => $"[{host}]:{connection.Port}",
        var host => $"{host}:{connection.Port}",
    };

    /// <summary>Server and database, for people, such as <c>the database registry of PostgreSQL at db:5432</c>.</summary>
    /// <param name="database">Name of the database.</param>
    /// <param name="server">Name of the server.</param>
    public static string AddressOf(string? database, string server) => $"the database {database} of PostgreSQL at {server}";

    /// <summary>Reads the connection, with what the program adds to it.</summary>
    /// <exception cref="StorageException">It cannot be read.</exception>
    public static NpgsqlConnectionStringBuilder Read(PostgresSettings settings)
    {
        try
        {
            var given = new NpgsqlConnectionStringBuilder(settings.ConnectionString);
            return new NpgsqlConnectionStringBuilder(settings.ConnectionString)
            {
                ApplicationName = given.ApplicationName ?? "registry",

                // Npgsql refuses it with a single host.
                TargetSessionAttributes = given.Host?.Contains(',') is true ? given.TargetSessionAttributes ?? "primary" : null,

                // After a failover, no host is the primary until Npgsql asks again.
                HostRecheckSeconds = 1,
                MaxPoolSize = settings.PoolSize,
                Timeout = (int)settings.ConnectTimeout.TotalSeconds,
                CommandTimeout = (int)settings.StatementTimeout.TotalSeconds + 5,
                MaxAutoPrepare = 200,
                TcpKeepAlive = true,
                Options = $"{given.Options} -c statement_timeout={(long)settings.StatementTimeout.TotalMilliseconds} -c lock_timeout={(long)settings.LockTimeout.TotalMilliseconds} "
                    + $"-c idle_in_transaction_session_timeout={(long)settings.IdleTransactionTimeout.TotalMilliseconds} -c synchronous_commit=on -c jit=off",
            };
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new StorageException($"The connection string of PostgreSQL cannot be read: {e.Message}", e);
        }
    }
}
