namespace Registry.Storage.Postgres.Schema;

/// <summary>The step that makes what the retention needs.</summary>
internal static class RetentionTables
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- Last recorded pulls of manifests of local repositories, as Unix time in seconds. Since when all are recorded is in meta, as pulls_recorded_since.
        CREATE TABLE manifest_pulls (
            manifest_id bigint PRIMARY KEY REFERENCES manifests (id) ON DELETE CASCADE,
            pulled_at   bigint NOT NULL
        );
        """;
}
