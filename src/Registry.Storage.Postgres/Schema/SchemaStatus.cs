using Npgsql;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Connections;
using Registry.Storage.Postgres.Nodes;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres.Schema;

/// <summary>Versions of the schema of a database, of this program, and of the nodes that run.</summary>
/// <param name="Address">Server and database for people, such as <c>the database registry of PostgreSQL at db:5432</c>.</param>
/// <param name="Version">Version of the database; 0 for one without tables of a registry.</param>
/// <param name="Oldest">Oldest version whose programs can use it.</param>
/// <param name="Nodes">Number of nodes that run, by the version that they know, in ascending order. A node that was killed counts for 15 seconds.</param>
public sealed record SchemaStatus(string Address, long Version, long Oldest, IReadOnlyList<(long Version, long Count)> Nodes)
{
    /// <summary>Version that this program knows.</summary>
    public static int Known => PostgresSchema.Version;

    /// <summary>Reads the versions. Nothing is created.</summary>
    /// <param name="settings">The connection.</param>
    /// <exception cref="StorageException">The server cannot be used; the message is a sentence for the operator.</exception>
    public static Task<SchemaStatus> ReadAsync(PostgresSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return OneConnection.UseAsync(settings, ReadAsync);
    }

    /// <summary>Runs the steps that are missing, as the start of a node does.</summary>
    /// <param name="settings">The connection.</param>
    /// <exception cref="StorageException">
    /// The server cannot be used; a newer version has changed what this program uses; or nodes of an older version run that could not go on. The message is a sentence
    /// for the operator.
    /// </exception>
    public static Task<SchemaStatus> UpgradeAsync(PostgresSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return OneConnection.UseAsync(settings, async (connection, server) =>
        {
            await PostgresSchema.UpgradeAsync(connection, server);
            return await ReadAsync(connection, server);
        });
    }

    private static async Task<SchemaStatus> ReadAsync(NpgsqlConnection connection, string server)
    {
        var address = ConnectionString.AddressOf(connection.Database, server);
        var session = new PostgresSession(connection);
        if (await session.NumberAsync("SELECT 1::bigint WHERE to_regclass('meta') IS NOT NULL") is null)
        {
            return new SchemaStatus(address, 0, 0, []);
        }

        var version = await MetaRows.ReadAsync(session, PostgresSchema.VersionKey) ?? 0;
        var oldest = await MetaRows.ReadAsync(session, PostgresSchema.OldestKey) ?? version;
        return new SchemaStatus(address, version, oldest, version >= SchemaStep.OfProcesses ? await ProcessRows.CountBySchemaAsync(session) : []);
    }
}
