using Registry.Core.Storage;
using Registry.Storage.Postgres.Connections;

namespace Registry.Storage.Postgres.Nodes;

/// <summary>What a move between two storages asks of a database, and its mark, the row of the table <c>migration</c>.</summary>
/// <param name="database">The database.</param>
public sealed class PostgresMigration(PostgresDatabase database)
{
    /// <summary>True if a database has no tables of a registry. Nothing is created.</summary>
    /// <param name="settings">The connection.</param>
    /// <exception cref="StorageException">The server cannot be used; the message is a sentence for the operator.</exception>
    public static Task<bool> IsNewAsync(PostgresSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return OneConnection.UseAsync(
            settings, async (connection, _) => await new PostgresSession(connection).NumberAsync("SELECT 1::bigint WHERE to_regclass('repositories') IS NOT NULL") is null);
    }

    /// <summary>Counts the other processes that use the database. One that was killed counts for another 15 seconds.</summary>
    /// <exception cref="StorageException">The database cannot be read.</exception>
    public async Task<long> CountOthersAsync() =>
        (await database.ReadAsync(session => ProcessRows.CountOthersAsync(session, database.Process))).GetValueOrDefault();

    /// <summary>Reads the mark; null if there is none.</summary>
    /// <exception cref="StorageException">The database cannot be read.</exception>
    public Task<MigrationMark?> ReadAsync() => database.ReadAsync(session =>
        session.FirstAsync("SELECT is_moved, other FROM migration", row => new MigrationMark(row.GetBoolean(0), row.GetString(1))));

    /// <summary>Replaces the mark.</summary>
    /// <param name="mark">The new mark; null for none.</param>
    /// <exception cref="StorageException">The database cannot be written.</exception>
    public Task MarkAsync(MigrationMark? mark) => database.WriteAsync(
        session =>
        {
            session.Queue("DELETE FROM migration");
            if (mark is not null)
            {
                session.Queue("INSERT INTO migration (id, is_moved, other) VALUES (1, $1, $2)", mark.IsMoved, mark.Other);
            }
        },
        isRepeatable: true);
}
