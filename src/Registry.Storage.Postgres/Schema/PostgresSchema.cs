using System.Globalization;
using Npgsql;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Connections;
using Registry.Storage.Postgres.Locks;
using Registry.Storage.Postgres.Nodes;

namespace Registry.Storage.Postgres.Schema;

/// <summary>
/// Brings the tables of a database up to date. The table <c>meta</c> has the number of steps that have run, <c>schema</c>, and the oldest version whose programs can
/// use the database, <c>schema_oldest</c>. The first node that starts runs the steps, all in one transaction, while the others wait. Nodes of older versions go on.
/// </summary>
internal static class PostgresSchema
{
    /// <summary>Oldest major version of the server.</summary>
    public const int OldestServer = 15;

    /// <summary>Name of the number of steps in the table <c>meta</c>.</summary>
    public const string VersionKey = "schema";

    /// <summary>Name of the oldest version whose programs can use the database in the table <c>meta</c>.</summary>
    public const string OldestKey = "schema_oldest";

    // A deadlock undoes all steps.
    private const int Attempts = 10;

    /// <summary>Version of the schema that this program knows.</summary>
    public static int Version => SchemaStep.All.Count;

    /// <summary>Runs the steps that are missing. A newer database is left as it is, if this program can use it.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="server">Name of the server, for messages.</param>
    /// <returns>The version of the database: that of this program, or a newer one.</returns>
    /// <exception cref="StorageException">
    /// The server is too old; a newer version has changed what this program uses; or nodes of an older version run that could not go on.
    /// </exception>
    public static Task<long> UpgradeAsync(NpgsqlConnection connection, string server) => UpgradeAsync(connection, server, SchemaStep.All);

    /// <inheritdoc cref="UpgradeAsync(NpgsqlConnection, string)"/>
    /// <param name="connection">The database.</param>
    /// <param name="server">Name of the server, for messages.</param>
    /// <param name="steps">The steps of this program.</param>
    internal static async Task<long> UpgradeAsync(NpgsqlConnection connection, string server, IReadOnlyList<SchemaStep> steps)
    {
        RefuseOlder(connection.PostgreSqlVersion, server);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await RunAsync(connection, server, steps);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected && attempt < Attempts)
            {
                // A node of an older version used two tables in another order than a step locks them.
            }
        }
    }

    /// <summary>Refuses a server that is too old.</summary>
    /// <exception cref="StorageException">The server is too old.</exception>
    public static void RefuseOlder(Version version, string server)
    {
        if (version.Major < OldestServer)
        {
            throw new StorageException(string.Create(
                CultureInfo.InvariantCulture,
                $"PostgreSQL at {server} has version {version}; the registry needs {OldestServer} or newer. Upgrade the server."));
        }
    }

    private static async Task<long> RunAsync(NpgsqlConnection connection, string server, IReadOnlyList<SchemaStep> steps)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await RunAsync(connection, "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0");
        await RunAsync(connection, $"SELECT pg_advisory_xact_lock({AdvisoryLocks.Schema}, 0)");
        await RunAsync(connection, "CREATE TABLE IF NOT EXISTS meta (key text PRIMARY KEY, value bigint NOT NULL)");
        var found = (long?)await RunAsync(connection, $"SELECT value FROM meta WHERE key = '{VersionKey}'") ?? 0;
        if (found >= steps.Count)
        {
            var oldest = (long?)await RunAsync(connection, $"SELECT value FROM meta WHERE key = '{OldestKey}'") ?? found;
            return steps.Count >= oldest
                ? found
                : throw new StorageException(
                    $"A newer version of the registry wrote {ConnectionString.AddressOf(connection.Database, server)} (its schema is {found}, this version knows up to {steps.Count}). Start that version.");
        }

        if (found >= SchemaStep.OfProcesses)
        {
            await RefuseBesideOlderAsync(connection, server, found, steps[^1].Oldest);
        }

        foreach (var step in steps.Skip((int)found))
        {
            await RunAsync(connection, step.Sql);
        }

        // What the database holds may have raised the oldest version already (SchemaStep.OfTrash).
        await RunAsync(
            connection,
            $"""
            INSERT INTO meta (key, value) VALUES ('{VersionKey}', {steps.Count}), ('{OldestKey}', {steps[^1].Oldest})
            ON CONFLICT (key) DO UPDATE SET value = greatest(meta.value, excluded.value)
            """);
        await transaction.CommitAsync();
        return steps.Count;
    }

    // A node that was killed, or that is frozen, counts for an hour: it may wake up.
    private static async Task RefuseBesideOlderAsync(NpgsqlConnection connection, string server, long found, int oldest)
    {
        if (await ProcessRows.CountOlderAsync(new PostgresSession(connection), oldest) is > 0 and var nodes)
        {
            throw new StorageException(string.Create(
                CultureInfo.InvariantCulture,
                $"{(nodes == 1 ? "1 node" : $"{nodes} nodes")} of an older version used {ConnectionString.AddressOf(connection.Database, server)} within the last hour, and could not use it after the upgrade of its schema from {found}. Stop the older nodes first; one that was killed counts for an hour."));
        }
    }

    // An index takes as long as it takes.
    private static async Task<object?> RunAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // Constants and numbers of this program.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }
}
