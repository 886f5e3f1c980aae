using Npgsql;
using Registry.Core.Errors;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Rows;
using Registry.Storage.Postgres.Schema;
using Registry.Testing.Processes;

namespace Registry.Storage.Postgres.Tests;

/// <summary>Opening a database, and transactions on connections that may break.</summary>
public sealed class PostgresDatabaseTests
{
    private static PostgresCluster Cluster => PostgresCluster.Current;

    [Fact]
    public async Task A_server_that_does_not_answer_is_named()
    {
        var port = FreePorts.Find(1)[0];
        var refused = await RefusedAsync($"Host=127.0.0.1;Port={port};Username=registry;Database=registry");
        Assert.Equal($"PostgreSQL at 127.0.0.1:{port} cannot be reached: Connection refused", refused.Message);
        Assert.True(refused.IsTransient);
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData("")]
    public async Task A_wrong_password_is_named_as_such_and_not_shown(string password)
    {
        var connection = new NpgsqlConnectionStringBuilder(Cluster.ConnectionStringOf("postgres")) { Username = PostgresCluster.Secured, Password = password };
        var refused = await RefusedAsync(connection.ConnectionString);
        Assert.Equal(
            password.Length > 0
                ? $"PostgreSQL at 127.0.0.1:{Cluster.Server.Port} refuses the user secured: the password is wrong. Correct it in the connection string."
                : $"PostgreSQL at 127.0.0.1:{Cluster.Server.Port} refuses the user secured: the connection string has no password.",
            refused.Message);
        Assert.False(refused.IsTransient);
    }

    [Fact]
    public async Task A_missing_user_and_a_missing_database_are_named()
    {
        var nobody = await RefusedAsync(new NpgsqlConnectionStringBuilder(Cluster.ConnectionStringOf("postgres")) { Username = "nobody" }.ConnectionString);
        Assert.Equal(
            $"PostgreSQL at 127.0.0.1:{Cluster.Server.Port} refuses the user nobody: role \"nobody\" does not exist. Create the user, or allow the connection in pg_hba.conf.",
            nobody.Message);
        var missing = await RefusedAsync(Cluster.ConnectionStringOf("missing"));
        Assert.Equal(
            $"PostgreSQL at 127.0.0.1:{Cluster.Server.Port} has no database missing. Create it: CREATE DATABASE missing OWNER registry", missing.Message);
    }

    [Fact]
    public async Task A_user_who_may_not_create_tables_is_told_so()
    {
        await using var database = await TestDatabase.CreateAsync(isEmpty: true);
        var connection = new NpgsqlConnectionStringBuilder(database.Settings.ConnectionString) { Username = PostgresCluster.Secured, Password = "right" };
        var refused = await RefusedAsync(connection.ConnectionString);
        Assert.Equal(
            $"The user secured lacks rights in the database {database.Name} of PostgreSQL at 127.0.0.1:{Cluster.Server.Port}: permission denied for schema public. Make the user its owner.",
            refused.Message);
    }

    [Fact]
    public async Task A_newer_schema_is_refused_and_left_as_it_is()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.RunAsync("UPDATE meta SET value = 99 WHERE key IN ('schema', 'schema_oldest')");
        var refused = await RefusedAsync(database.Settings.ConnectionString);
        Assert.Equal(
            $"A newer version of the registry wrote the database {database.Name} of PostgreSQL at 127.0.0.1:{Cluster.Server.Port} (its schema is 99, this version knows up to {PostgresSchema.Version}). Start that version.",
            refused.Message);
        Assert.Equal(99L, await database.RunAsync("SELECT value FROM meta WHERE key = 'schema'"));
    }

    [Fact]
    public void A_server_that_is_too_old_is_refused()
    {
        var refused = Assert.Throws<StorageException>(() => PostgresSchema.RefuseOlder(new Version(14, 12), "db:5432"));
        Assert.Equal("PostgreSQL at db:5432 has version 14.12; the registry needs 15 or newer. Upgrade the server.", refused.Message);
        PostgresSchema.RefuseOlder(new Version(15, 0), "db:5432");
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("Host=db;Port=many")]
    [InlineData("Host=db;Unknown=1")]
    public async Task A_connection_string_that_cannot_be_read_is_refused(string connection) =>
        Assert.StartsWith("The connection string of PostgreSQL cannot be read: ", (await RefusedAsync(connection)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Nodes_that_start_at_once_make_the_tables_once()
    {
        await using var database = await TestDatabase.CreateAsync(isEmpty: true);
        var nodes = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => PostgresDatabase.OpenAsync(database.Settings)));
        Assert.Equal((long)PostgresSchema.Version, await database.RunAsync("SELECT value FROM meta WHERE key = 'schema'"));
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_change_whose_connection_is_cut_before_the_commit_is_repeated()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await PostgresDatabase.OpenAsync(database.Settings);
        var attempts = 0;
        var written = await node.WriteAsync<int>(async session =>
        {
            MetaRows.Write(session, "test", ++attempts);
            var process = (await session.NumberAsync("SELECT pg_backend_pid()::bigint"))!.Value;
            if (attempts < 3)
            {
                await database.RunAsync($"SELECT pg_terminate_backend({process}, {(int)Patience.Limit.TotalMilliseconds})");
            }

            await session.NumberAsync("SELECT 1::bigint");
            return attempts;
        });

        Assert.Equal(3, written.Value);
        Assert.Equal(3L, await database.RunAsync("SELECT value FROM meta WHERE key = 'test'"));
    }

    [Fact]
    public async Task A_change_whose_connection_is_cut_during_the_commit_is_a_transient_fault_that_says_so()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await PostgresDatabase.OpenAsync(database.Settings);
        var attempts = 0;
        var fault = await Assert.ThrowsAsync<StorageException>(() => node.WriteAsync<bool>(async session =>
        {
            attempts++;
            var process = (await session.NumberAsync("SELECT pg_backend_pid()::bigint"))!.Value;
            await database.RunAsync($"SELECT pg_terminate_backend({process}, {(int)Patience.Limit.TotalMilliseconds})");
            return true;
        }));

        Assert.StartsWith("The metadata may or may not have been written, because the connection was cut during the commit: ", fault.Message, StringComparison.Ordinal);
        Assert.Equal((true, 1), (fault.IsTransient, attempts));
    }

    [Fact]
    public async Task A_query_whose_connection_is_cut_is_repeated()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await PostgresDatabase.OpenAsync(database.Settings);
        var attempts = 0;
        var read = await node.ReadAsync(async session =>
        {
            var process = (await session.NumberAsync("SELECT pg_backend_pid()::bigint"))!.Value;
            if (attempts++ == 0)
            {
                await database.RunAsync($"SELECT pg_terminate_backend({process}, {(int)Patience.Limit.TotalMilliseconds})");
            }

            return await session.NumberAsync("SELECT 5::bigint");
        });

        Assert.Equal((5L, 2), (read, attempts));
    }

    [Fact]
    public async Task A_deadlock_is_repeated()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.RunAsync("ALTER SYSTEM SET deadlock_timeout = '10ms'");
        await database.RunAsync("SELECT pg_reload_conf()");
        await using var node = await PostgresDatabase.OpenAsync(database.Settings);
        await node.WriteAsync(session =>
        {
            MetaRows.Write(session, "x", 0);
            MetaRows.Write(session, "y", 0);
        });
        var (first, second) = (new TaskCompletionSource(), new TaskCompletionSource());

        await Task.WhenAll(AddAsync("x", "y", first, second), AddAsync("y", "x", second, first));

        Assert.Equal(2L, await database.RunAsync("SELECT value FROM meta WHERE key = 'x'"));
        Assert.Equal(2L, await database.RunAsync("SELECT value FROM meta WHERE key = 'y'"));

        Task AddAsync(string one, string other, TaskCompletionSource hasOne, TaskCompletionSource hasOther) => node.WriteAsync<bool>(async session =>
        {
            session.Queue("UPDATE meta SET value = value + 1 WHERE key = $1", one);
            await session.SendAsync();
            hasOne.TrySetResult();
            await hasOther.Task;
            session.Queue("UPDATE meta SET value = value + 1 WHERE key = $1", other);
            await session.SendAsync();
            return true;
        });
    }

    [Fact]
    public async Task A_change_that_throws_or_is_refused_leaves_nothing_and_no_transaction()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await PostgresDatabase.OpenAsync(database.Settings);
        await Assert.ThrowsAsync<InvalidOperationException>(() => node.WriteAsync<bool>(async session =>
        {
            MetaRows.Write(session, "test", 1);
            await session.SendAsync();
            throw new InvalidOperationException("of the test");
        }));
        var refused = await node.WriteAsync<bool>(async session =>
        {
            MetaRows.Write(session, "test", 2);
            await session.SendAsync();
            return RegistryErrorCode.Denied;
        });

        Assert.Same(RegistryErrorCode.Denied, refused.Error?.Code);
        Assert.Null(await database.RunAsync("SELECT value FROM meta WHERE key = 'test'"));
        Assert.Equal(0L, await database.RunAsync("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"));
    }

    [Fact]
    public async Task A_change_that_waits_too_long_for_another_is_a_transient_fault()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await PostgresDatabase.OpenAsync(database.Settings with { LockTimeout = TimeSpan.FromMilliseconds(20) });
        await using var other = await database.ConnectAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("LOCK TABLE meta", other);
        await command.ExecuteNonQueryAsync();

        var fault = await Assert.ThrowsAsync<StorageException>(() => node.WriteAsync(session => MetaRows.Write(session, "test", 1)));

        Assert.Equal("The metadata could not be written: another change of the same repository or content has not ended in time", fault.Message);
        Assert.True(fault.IsTransient);
    }

    [Fact]
    public async Task A_process_that_stops_inside_a_transaction_loses_it_and_repeats_the_change()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await PostgresDatabase.OpenAsync(database.Settings);
        var attempts = 0;
        await node.WriteAsync<bool>(async session =>
        {
            MetaRows.Write(session, "test", ++attempts);
            if (attempts == 1)
            {
                session.Queue("SET LOCAL idle_in_transaction_session_timeout = 10");
                var process = (await session.NumberAsync("SELECT pg_backend_pid()::bigint"))!.Value;
                await Eventually.HoldsAsync(
                    async () => await database.RunAsync($"SELECT pid FROM pg_stat_activity WHERE pid = {process}") is null,
                    "the server has ended the transaction");
            }

            return true;
        });

        Assert.Equal(2L, await database.RunAsync("SELECT value FROM meta WHERE key = 'test'"));
    }

    // The server of the tests has it off.
    [Fact]
    public async Task A_commit_is_synced_whatever_the_server_is_set_to()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await PostgresDatabase.OpenAsync(database.Settings);
        Assert.Equal("off", await database.RunAsync("SELECT current_setting('synchronous_commit')"));
        Assert.Equal("on", await node.ReadAsync(session => session.FirstAsync("SELECT current_setting('synchronous_commit')", row => row.GetString(0))));
    }

    [Fact]
    public async Task The_times_of_the_settings_reach_the_server()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await PostgresDatabase.OpenAsync(database.Settings);
        var times = await node.ReadAsync(session => session.FirstAsync(
            "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout')",
            row => (row.GetString(0), row.GetString(1), row.GetString(2))));
        Assert.Equal(("30s", "7s", "5s"), times);
    }

    // It takes longer than the statements that the registry runs.
    [Fact]
    public async Task Statements_are_not_compiled()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await PostgresDatabase.OpenAsync(database.Settings);
        Assert.Equal("on", await database.RunAsync("SELECT current_setting('jit')"));
        Assert.Equal("off", await node.ReadAsync(session => session.FirstAsync("SELECT current_setting('jit')", row => row.GetString(0))));
    }

    [Fact]
    public async Task A_closed_database_is_a_fault_of_the_storage()
    {
        await using var database = await TestDatabase.CreateAsync();
        var node = await PostgresDatabase.OpenAsync(database.Settings);
        await node.DisposeAsync();
        Assert.Equal(
            "The metadata has been closed.",
            (await Assert.ThrowsAsync<StorageException>(() => node.ReadAsync(session => session.NumberAsync("SELECT 1::bigint")))).Message);
    }

    [Fact]
    public async Task Text_that_PostgreSQL_cannot_store_is_replaced()
    {
        (string Text, string Expected)[] cases =
        [
            ("plain", "plain"), ("nul\0", "nul\u0001"), ("cut \ud83d", "cut \ufffd"), ("\udc00", "\ufffd"), ("whole \ud83d\ude00", "whole \ud83d\ude00"),
        ];
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await PostgresDatabase.OpenAsync(database.Settings);
        foreach (var (text, expected) in cases)
        {
            Assert.Equal(expected, await node.ReadAsync(session => session.FirstAsync("SELECT $1::text", row => row.GetString(0), text)));
            Assert.Equal(expected, await node.ReadAsync(session => session.FirstAsync("SELECT ($1::text[])[1]", row => row.GetString(0), [new[] { text }])));
        }
    }

    private static async Task<StorageException> RefusedAsync(string connection) => await Assert.ThrowsAsync<StorageException>(
        () => PostgresDatabase.OpenAsync(new PostgresSettings { ConnectionString = connection }));
}
