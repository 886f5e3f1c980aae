using Microsoft.Data.Sqlite;
using Registry.Core.Storage;
using Registry.Storage.Sqlite.Migrations;

namespace Registry.Storage.Sqlite;

/// <summary>
/// Brings a database up to date. <c>PRAGMA user_version</c> is the number of the <see cref="SqliteMigrations"/> that have run; each runs in one transaction.
/// </summary>
internal static class SqliteSchema
{
    /// <summary>Version of the schema that this program writes.</summary>
    public static int Version => SqliteMigrations.All.Length;

    /// <summary>Migrates a database to the newest version.</summary>
    /// <exception cref="StorageException">A newer version wrote the database.</exception>
    public static void Migrate(SqliteConnection connection, string path)
    {
        var version = UserVersion(connection);
        RefuseNewer(version, path);
        for (; version < SqliteMigrations.All.Length; version++)
        {
            using var transaction = connection.BeginTransaction();
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
#pragma warning disable CA2100 // The text is a constant.
            command.CommandText = $"{SqliteMigrations.All[version]}\nPRAGMA user_version = {version + 1};";
#pragma warning restore CA2100
            command.ExecuteNonQuery();
            transaction.Commit();
        }
    }

    /// <summary>Checks that a database that must not be changed has the newest version.</summary>
    /// <exception cref="StorageException">The database has another version.</exception>
    public static void Check(SqliteConnection connection, string path)
    {
        var version = UserVersion(connection);
        RefuseNewer(version, path);
        if (version < SqliteMigrations.All.Length)
        {
            throw new StorageException(
                $"holds a {Path.GetFileName(path)} of an older version of the registry (its schema is {version}, not {SqliteMigrations.All.Length}); start this version once, which brings it up to date");
        }
    }

    private static void RefuseNewer(long version, string path)
    {
        if (version > SqliteMigrations.All.Length)
        {
            throw new StorageException(
                $"holds a {Path.GetFileName(path)} of a newer version of the registry (its schema is {version}, this version reads up to {SqliteMigrations.All.Length})");
        }
    }

    private static long UserVersion(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return (long)command.ExecuteScalar()!;
    }
}
