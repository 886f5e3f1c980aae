using Npgsql;
using Registry.Storage.Postgres;
using Registry.Testing.Engines;

namespace Registry.Storage.Testing;

/// <summary>PostgreSQL for tests of several nodes, with a database for each test.</summary>
public sealed class SharedDatabase : IAsyncLifetime
{
    private PostgresServer? _server;
    private int _databases;

    /// <summary>The server. A test without it is skipped.</summary>
    public PostgresServer Server
    {
        get
        {
            Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed: apt-get install postgresql-15");
            return _server!;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (PostgresServer.IsInstalled)
        {
            _server = await PostgresServer.StartAsync(isDurable: false, "max_connections=200");
        }
    }

    /// <summary>Creates a database.</summary>
    /// <param name="countsTime">False if its clock stands, unless the test advances it.</param>
    public async Task<PostgresSettings> CreateAsync(bool countsTime = false)
    {
        return new PostgresSettings
        {
            ConnectionString = await Server.CreateDatabaseAsync($"nodes_{Interlocked.Increment(ref _databases)}"),
            CountsTime = countsTime,
        };
    }

    /// <summary>Advances the clock of grace periods.</summary>
    public static Task AdvanceAsync(PostgresSettings database, TimeSpan time) => RunAsync(database, $"UPDATE clock SET seconds = seconds + {(long)time.TotalSeconds}");

    /// <summary>Ends the lease of a process, and lets none of its renewals through, as when it is frozen: the others count it as ended, and it goes on.</summary>
    public static Task FreezeAsync(PostgresSettings database, Guid process) => RunAsync(
        database,
        $"""
        CREATE FUNCTION freeze() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER frozen BEFORE INSERT OR UPDATE ON processes FOR EACH ROW WHEN (NEW.id = '{process}') EXECUTE FUNCTION freeze();
        DELETE FROM processes WHERE id = '{process}'
        """);

    /// <summary>Runs a statement.</summary>
    public static async Task RunAsync(PostgresSettings database, string sql)
    {
        ArgumentNullException.ThrowIfNull(database);
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
#pragma warning disable CA2100 // Constants of tests.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
        {
            await server.DisposeAsync();
        }
    }
}
