using Microsoft.Data.Sqlite;

namespace Registry.Core.Tests.Maintenance;

/// <summary>Takes the newest migration of a database back, so that opening it runs that again.</summary>
internal static class OldSchema
{
    public static void Revert(string database)
    {
        using var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText =
            """
            DROP TRIGGER totals_idle_manifest_added;
            DROP TRIGGER totals_manifest_held;
            DROP TRIGGER totals_idle_manifest_removed;
            ALTER TABLE totals DROP COLUMN untagged;
            DROP INDEX manifests_by_content;
            CREATE INDEX manifests_by_content ON manifests (content_id);
            DROP INDEX manifests_idle;
            ALTER TABLE manifests DROP COLUMN pushed_at;
            ALTER TABLE manifests DROP COLUMN is_root;
            ALTER TABLE manifests DROP COLUMN idle_since;
            PRAGMA user_version = 4;
            """;
        command.ExecuteNonQuery();
    }
}
