using Npgsql;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Rows;
using Registry.Storage.Postgres.Schema;

namespace Registry.Storage.Postgres.Tests.Nodes;

/// <summary>Upgrades of the schema while nodes of an older version run.</summary>
public sealed class SchemaTests
{
    private const string Server = "db:5432";

    private static readonly SchemaStep Addition = new("CREATE TABLE later (id bigint PRIMARY KEY)", Oldest: 1);
    private static readonly SchemaStep Break = new("ALTER TABLE tags RENAME TO later_tags", Oldest: PostgresSchema.Version + 1);

    [Fact]
    public async Task Nodes_of_the_version_before_run_start_and_write_beside_a_newer_one()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var running = await PostgresDatabase.OpenAsync(database.Settings);
        Assert.Null(running.NewerSchema);

        Assert.Equal(PostgresSchema.Version + 1, await UpgradeAsync(database, Addition));
        await WriteAsync(running);
        await using var started = await PostgresDatabase.OpenAsync(database.Settings);
        await WriteAsync(started);

        Assert.Equal(PostgresSchema.Version + 1, started.NewerSchema);
        Assert.Equal(PostgresSchema.Version + 1, await UpgradeAsync(database, Addition));
        var status = await SchemaStatus.ReadAsync(database.Settings);
        Assert.Equal((PostgresSchema.Version + 1, 1), (status.Version, status.Oldest));
        Assert.Equal([((long)PostgresSchema.Version, 2L)], status.Nodes);
    }

    [Fact]
    public async Task What_older_programs_could_not_follow_waits_until_none_of_them_has_run_for_an_hour()
    {
        await using var database = await TestDatabase.CreateAsync();
        var killed = await PostgresDatabase.OpenAsync(database.Settings);
        var stopped = await PostgresDatabase.OpenAsync(database.Settings);
        Assert.Equal(Refusal("2 nodes"), await RefusedAsync());
        await killed.AbandonAsync();
        await stopped.DisposeAsync();
        Assert.Equal(Refusal("1 node"), await RefusedAsync());
        await SeenAsync("59 minutes");
        Assert.Equal(Refusal("1 node"), await RefusedAsync());
        Assert.Equal(PostgresSchema.Version, (await SchemaStatus.ReadAsync(database.Settings)).Version);

        await SeenAsync("61 minutes");
        Assert.Equal(PostgresSchema.Version + 1, await UpgradeAsync(database, Break));

        var refused = await Assert.ThrowsAsync<StorageException>(() => PostgresDatabase.OpenAsync(database.Settings));
        Assert.StartsWith("A newer version of the registry wrote the database ", refused.Message, StringComparison.Ordinal);

        async Task<string> RefusedAsync() => (await Assert.ThrowsAsync<StorageException>(() => UpgradeAsync(database, Break))).Message;

        string Refusal(string nodes) =>
            $"{nodes} of an older version used the database {database.Name} of PostgreSQL at {Server} within the last hour, and could not use it after the upgrade of its schema from {PostgresSchema.Version}. Stop the older nodes first; one that was killed counts for an hour.";

        Task SeenAsync(string ago) => database.RunAsync($"UPDATE processes SET alive_until = clock_timestamp() - interval '{ago}'");
    }

    [Fact]
    public async Task Every_older_version_is_upgraded_with_its_rows()
    {
        for (var version = 1; version < PostgresSchema.Version; version++)
        {
            await using var database = await TestDatabase.CreateAsync(isEmpty: true);
            await using (var connection = await database.ConnectAsync())
            {
                await PostgresSchema.UpgradeAsync(connection, Server, [.. SchemaStep.All.Take(version)]);
            }

            await database.RunAsync("INSERT INTO processes (id, alive_until) VALUES (gen_random_uuid(), clock_timestamp() + interval '1 minute')");
            await using var node = await PostgresDatabase.OpenAsync(database.Settings);
            await WriteAsync(node);
            var status = await SchemaStatus.ReadAsync(database.Settings);
            Assert.Equal(PostgresSchema.Version, status.Version);
            Assert.Equal([(2L, 1L), (PostgresSchema.Version, 1L)], status.Nodes);
        }
    }

    [Fact]
    public async Task An_upgrade_leaves_the_oldest_version_that_the_content_has_raised()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.RunAsync($"UPDATE meta SET value = {SchemaStep.OfTrash} WHERE key = 'schema_oldest'");

        Assert.Equal(PostgresSchema.Version + 1, await UpgradeAsync(database, Addition));

        Assert.Equal(SchemaStep.OfTrash, (await SchemaStatus.ReadAsync(database.Settings)).Oldest);
    }

    [Fact]
    public async Task An_upgrade_that_meets_a_deadlock_with_an_older_node_is_repeated()
    {
        await using var database = await TestDatabase.CreateAsync();

        // The upgrade looks for a deadlock 5 s after it has begun to wait. By then the older node waits, too, and does not look itself.
        await database.RunAsync($"ALTER DATABASE \"{database.Name}\" SET deadlock_timeout = '5s'");
        await using var older = await database.ConnectAsync();
        await using var change = older.CreateCommand();
        change.CommandText = "SET deadlock_timeout = '1h'; BEGIN; SELECT count(*) FROM tags";
        await change.ExecuteNonQueryAsync();

        var upgrade = UpgradeAsync(database, new SchemaStep("LOCK TABLE clock; LOCK TABLE tags; CREATE TABLE later (id bigint PRIMARY KEY)", Oldest: 1));
        await database.WaitForWaitersAsync(1);
        change.CommandText = "UPDATE clock SET seconds = 1; COMMIT";
        await change.ExecuteNonQueryAsync();

        Assert.Equal(PostgresSchema.Version + 1, await upgrade);
        Assert.Equal(1L, await database.RunAsync("SELECT seconds FROM clock"));

        // The process of a connection reports its numbers a moment later.
        await Eventually.HoldsAsync(
            async () => await database.RunAsync(
                "SELECT deadlocks FROM pg_stat_get_db_deadlocks((SELECT oid FROM pg_database WHERE datname = current_database())) deadlocks") is 1L,
            "the database has counted the deadlock");
    }

    [Fact]
    public async Task A_step_may_take_longer_than_a_statement_of_a_request()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var connection = new NpgsqlConnection($"{database.Settings.ConnectionString};Command Timeout=1");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            PostgresSchema.Version + 1,
            await PostgresSchema.UpgradeAsync(connection, Server, [.. SchemaStep.All, new SchemaStep("SELECT pg_sleep(3)", Oldest: 1)]));
    }

    [Fact]
    public async Task The_status_creates_nothing_and_an_upgrade_makes_the_tables()
    {
        await using var database = await TestDatabase.CreateAsync(isEmpty: true);
        var status = await SchemaStatus.ReadAsync(database.Settings);
        Assert.Equal((0, 0, 0), (status.Version, status.Oldest, status.Nodes.Count));
        Assert.Equal(DBNull.Value, await database.RunAsync("SELECT to_regclass('meta')::text"));

        Assert.Equal(PostgresSchema.Version, (await SchemaStatus.UpgradeAsync(database.Settings)).Version);
        Assert.Equal(PostgresSchema.Version, (await SchemaStatus.UpgradeAsync(database.Settings)).Version);
        Assert.Equal(0L, await database.RunAsync("SELECT count(*) FROM processes"));
    }

    private static async Task<long> UpgradeAsync(TestDatabase database, SchemaStep next)
    {
        await using var connection = await database.ConnectAsync();
        return await PostgresSchema.UpgradeAsync(connection, Server, [.. SchemaStep.All, next]);
    }

    private static async Task WriteAsync(PostgresDatabase node)
    {
        var value = Random.Shared.NextInt64();
        await node.WriteAsync(session => MetaRows.Write(session, "test", value));
        Assert.Equal(value, await node.ReadAsync(session => MetaRows.ReadAsync(session, "test")));
    }
}
