using Npgsql;
using Registry.Testing.Engines;

namespace Registry.Storage.Postgres.Tests;

/// <summary>One server for all tests of this assembly, with a database for each.</summary>
public sealed class PostgresCluster : IAsyncLifetime
{
    // User whose password the server asks for.
    public const string Secured = "secured";

    private const string Template = "registry_template";

    private static PostgresCluster? _current;
    private static int _databases;

    private PostgresServer? _server;
    private NpgsqlDataSource? _administrator;

    /// <summary>The cluster. Skips the test when PostgreSQL is not installed.</summary>
    public static PostgresCluster Current
    {
        get
        {
            Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed: apt-get install postgresql-15");
            return _current!;
        }
    }

    /// <summary>The server.</summary>
    public PostgresServer Server => _server!;

    public async ValueTask InitializeAsync()
    {
        if (!PostgresServer.IsInstalled)
        {
            return;
        }

        _server = await PostgresServer.StartAsync(isDurable: false, "max_connections=200");
        _administrator = new NpgsqlSlimDataSourceBuilder(ConnectionStringOf("postgres")).Build();
        await RunAsync(
            $"CREATE ROLE {Secured} LOGIN PASSWORD 'right'",
            $"""
            DO $$ BEGIN EXECUTE format(
                'COPY (SELECT unnest(ARRAY[''host all {Secured} 127.0.0.1/32 scram-sha-256'', ''host all all 127.0.0.1/32 trust''])) TO %L',
                current_setting('hba_file')); END $$
            """,
            "SELECT pg_reload_conf()",
            $"CREATE DATABASE {Template} STRATEGY file_copy");
        await using (await PostgresDatabase.OpenAsync(
            new PostgresSettings { ConnectionString = ConnectionStringOf(Template), CountsTime = false }))
        {
        }

        _current = this;
    }

    /// <summary>Creates a database.</summary>
    /// <param name="isEmpty">True for one without tables.</param>
    /// <returns>Its name.</returns>
    public async Task<string> CreateDatabaseAsync(bool isEmpty = false)
    {
        var name = $"registry_{Interlocked.Increment(ref _databases)}";
        await RunAsync($"CREATE DATABASE {name} {(isEmpty ? string.Empty : $"TEMPLATE {Template}")} STRATEGY file_copy");
        return name;
    }

    /// <summary>Removes a database, and ends its connections.</summary>
    public Task DropDatabaseAsync(string name) => RunAsync($"DROP DATABASE {name} WITH (FORCE)");

    /// <summary>Connection string of a database.</summary>
    public string ConnectionStringOf(string database) => new NpgsqlConnectionStringBuilder(Server.ConnectionString) { Database = database }.ConnectionString;

    public async ValueTask DisposeAsync()
    {
        await (_administrator?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_server?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private async Task RunAsync(params string[] statements)
    {
        foreach (var sql in statements)
        {
#pragma warning disable CA2100 // Constants of this file, and names that it has made.
            await using var command = _administrator!.CreateCommand(sql);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();
        }
    }
}
