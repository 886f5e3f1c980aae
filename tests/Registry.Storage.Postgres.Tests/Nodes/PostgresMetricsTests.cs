using Npgsql;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Locks;
using Registry.Storage.Postgres.Rows;
using Registry.Testing.Engines;

namespace Registry.Storage.Postgres.Tests.Nodes;

/// <summary>What a node tells of its database.</summary>
public sealed class PostgresMetricsTests : IAsyncLifetime
{
    private readonly MeterReader _metrics = new();
    private TestDatabase _database = null!;

    private double Used => _metrics["registry.postgres.connections used"];

    private double Waits => _metrics["registry.postgres.connection.waits"];

    private double Timeouts => _metrics["registry.postgres.connection.timeouts"];

    private double Nodes => _metrics["registry.postgres.nodes"];

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public async ValueTask DisposeAsync()
    {
        _metrics.Dispose();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Connections_in_use_and_idle_are_those_of_this_node()
    {
        await using var other = await PostgresDatabase.OpenAsync(_database.Settings);
        await using var node = await OpenAsync(_database.Settings with { PoolSize = 6 });
        var release = new TaskCompletionSource();
        var held = Enumerable.Range(0, 3).Select(_ => HoldAsync(node, release)).ToArray();
        var heldByOther = Enumerable.Range(0, 3).Select(_ => HoldAsync(other, release)).ToArray();

        await Eventually.TrueAsync(() => Used == 3, "3 connections are in use");
        Assert.Equal(6, _metrics["registry.postgres.connections.limit"]);

        release.SetResult();
        await Task.WhenAll([.. held, .. heldByOther]);
        await Eventually.TrueAsync(() => Used == 0 && _metrics["registry.postgres.connections idle"] is >= 3 and <= 6, "no connection is in use");
        Assert.Equal((0, 0), (Waits, Timeouts));
    }

    [Fact]
    public async Task A_pool_that_is_used_up_tells_who_waits_and_who_waits_in_vain()
    {
        await using var node = await OpenAsync(_database.Settings with { PoolSize = 2, ConnectTimeout = TimeSpan.FromSeconds(1) });
        var release = new TaskCompletionSource();
        var held = new[] { HoldAsync(node, release), HoldAsync(node, release) };
        await Eventually.TrueAsync(() => Used == 2, "all connections are in use");

        var (waits, timeouts) = (Waits, Timeouts);
        await Assert.ThrowsAsync<StorageException>(() => node.ReadAsync(session => session.NumberAsync("SELECT 1::bigint")));

        Assert.True(Waits > waits);
        Assert.True(Timeouts > timeouts);
        release.SetResult();
        await Task.WhenAll(held);
    }

    [Fact]
    public async Task Repetitions_are_counted_by_their_reason()
    {
        await using var node = await OpenAsync(_database.Settings);
        var attempts = 0;
        await node.ReadAsync(async session =>
        {
            var process = (await session.NumberAsync("SELECT pg_backend_pid()::bigint"))!.Value;
            if (attempts++ == 0)
            {
                await _database.RunAsync($"SELECT pg_terminate_backend({process}, {(int)Patience.Limit.TotalMilliseconds})");
            }

            return await session.NumberAsync("SELECT 5::bigint");
        });
        attempts = 0;
        await node.WriteAsync<int>(session => attempts++ < 2 ? throw new RepeatMutationException() : Task.FromResult<Core.Errors.Result<int>>(1));

        Assert.Equal((1, 2, 0), (Retries("connection"), Retries("conflict"), Retries("deadlock")));
        await node.WriteAsync(session =>
        {
            MetaRows.Write(session, "x", 0);
            MetaRows.Write(session, "y", 0);
        });
        var (first, second) = (new TaskCompletionSource(), new TaskCompletionSource());
        await Task.WhenAll(AddAsync("x", "y", first, second), AddAsync("y", "x", second, first));
        Assert.Equal((1, 2, 1), (Retries("connection"), Retries("conflict"), Retries("deadlock")));

        Task AddAsync(string one, string other, TaskCompletionSource hasOne, TaskCompletionSource hasOther) => node.WriteAsync<bool>(async session =>
        {
            await session.NumberAsync("UPDATE meta SET value = value + 1 WHERE key = $1 RETURNING value", one);
            hasOne.TrySetResult();
            await hasOther.Task;
            await session.NumberAsync("UPDATE meta SET value = value + 1 WHERE key = $1 RETURNING value", other);
            return true;
        });
    }

    [Fact]
    public async Task A_database_that_is_away_is_unreachable_until_it_is_back()
    {
        var connection = new NpgsqlConnectionStringBuilder(_database.Settings.ConnectionString);
        await using var proxy = new PostgresProxy(connection.Port);
        connection.Port = proxy.Port;
        await using var node = await OpenAsync(_database.Settings with { ConnectionString = connection.ConnectionString });
        Assert.Equal(1, _metrics["registry.postgres.reachable"]);

        proxy.IsDown = true;
        await Eventually.TrueAsync(() => _metrics["registry.postgres.reachable"] == 0, "the database is unreachable");
        Assert.True(_metrics["registry.postgres.feed.lag"] >= 10);
        Assert.True(Retries("connection") > 0);

        proxy.IsDown = false;
        await Eventually.TrueAsync(() => _metrics["registry.postgres.reachable"] == 1 && _metrics["registry.postgres.feed.lag"] < 5, "the database is reachable");
    }

    [Fact]
    public async Task The_feed_lags_while_changes_get_no_position()
    {
        await using var node = await OpenAsync(_database.Settings);
        await Eventually.TrueAsync(() => _metrics["registry.postgres.feed.lag"] < 1, "the feed is up to date");
        await using var other = await _database.ConnectAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1, 0)", other) { Parameters = { new() { Value = AdvisoryLocks.Feed } } };
        await command.ExecuteNonQueryAsync();

        await _database.RunAsync("INSERT INTO changes (kind, at, clock, source, repository_id, repository) VALUES (1, 0, 0, 1, 1, 'a')");
        await Eventually.TrueAsync(() => _metrics["registry.postgres.feed.lag"] > 2, "the feed lags");
        Assert.Equal(1, _metrics["registry.postgres.reachable"]);

        await transaction.RollbackAsync();
        await Eventually.TrueAsync(() => _metrics["registry.postgres.feed.lag"] < 1, "the feed is up to date again");
    }

    [Fact]
    public async Task The_nodes_that_run_are_counted()
    {
        await using var node = await OpenAsync(_database.Settings);
        Assert.Equal(1, Nodes);
        await using (await PostgresDatabase.OpenAsync(_database.Settings))
        {
            await Eventually.TrueAsync(() => Nodes == 2, "there are two nodes");
        }

        await Eventually.TrueAsync(() => Nodes == 1, "there is one node again");
    }

    private double Retries(string reason) => _metrics[$"registry.postgres.retries {reason}"];

    private static Task<long?> HoldAsync(PostgresDatabase node, TaskCompletionSource release) => node.ReadAsync(async session =>
    {
        await release.Task;
        return await session.NumberAsync("SELECT 1::bigint");
    });

    private async Task<PostgresDatabase> OpenAsync(PostgresSettings settings)
    {
        var node = await PostgresDatabase.OpenAsync(settings);
        node.AddMetricsTo(_metrics.Meter);
        return node;
    }
}
