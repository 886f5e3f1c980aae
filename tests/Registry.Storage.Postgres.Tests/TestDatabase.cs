using Npgsql;

namespace Registry.Storage.Postgres.Tests;

/// <summary>A database of its own for a test, with a connection beside the pool of the registry.</summary>
internal sealed class TestDatabase : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;

    private TestDatabase(string name)
    {
        Name = name;
        _source = new NpgsqlSlimDataSourceBuilder(PostgresCluster.Current.ConnectionStringOf(name)).Build();
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Connection to it. Time does not pass by itself.</summary>
    public PostgresSettings Settings => new() { ConnectionString = PostgresCluster.Current.ConnectionStringOf(Name), CountsTime = false };

    /// <summary>Creates a database.</summary>
    /// <param name="isEmpty">True for one without tables.</param>
    public static async Task<TestDatabase> CreateAsync(bool isEmpty = false) => new(await PostgresCluster.Current.CreateDatabaseAsync(isEmpty));

    /// <summary>Opens a connection.</summary>
    public async Task<NpgsqlConnection> ConnectAsync() => await _source.OpenConnectionAsync();

    /// <summary>Runs a statement on a connection of its own.</summary>
    /// <returns>The first column of the first row.</returns>
    public async Task<object?> RunAsync(string sql)
    {
#pragma warning disable CA2100 // Constants of tests.
        await using var command = _source.CreateCommand(sql);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Ends the lease of a process, and lets none of its renewals through, as when it is frozen: the others count it as ended, and it goes on.</summary>
    public Task FreezeAsync(Guid process) => RunAsync(
        $"""
        CREATE OR REPLACE FUNCTION freeze() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER frozen BEFORE INSERT OR UPDATE ON processes FOR EACH ROW WHEN (NEW.id = '{process}') EXECUTE FUNCTION freeze();
        DELETE FROM processes WHERE id = '{process}'
        """);

    /// <summary>Waits until this many connections of the database wait for a lock.</summary>
    public Task WaitForWaitersAsync(long count) => Eventually.HoldsAsync(
        async () => await CountWaitersAsync() == count, $"{count} connections of {Name} wait for a lock");

    /// <summary>Number of connections of the database that wait for a lock.</summary>
    public async Task<long> CountWaitersAsync() =>
        (long)(await RunAsync("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))!;

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await PostgresCluster.Current.DropDatabaseAsync(Name);
    }
}
