namespace Registry.Storage.Sqlite.Migrations;

/// <summary>The migration that makes what the retention needs.</summary>
internal static class RetentionMigration
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- Last recorded pulls of manifests of local repositories, as Unix time in seconds. Since when all are recorded is in meta, as pulls_recorded_since.
        CREATE TABLE manifest_pulls (
            manifest_id INTEGER PRIMARY KEY REFERENCES manifests (id) ON DELETE CASCADE,
            pulled_at   INTEGER NOT NULL
        ) STRICT;
        """;
}
