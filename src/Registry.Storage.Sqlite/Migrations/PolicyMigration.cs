namespace Registry.Storage.Sqlite.Migrations;

/// <summary>The migration that makes what the rules about repositories need.</summary>
internal static class PolicyMigration
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- Digests that immutable tags had when they went. By names, since a rule is about names: the rows outlive repository, tag and manifest, and a rename.
        CREATE TABLE kept_tags (
            repository TEXT NOT NULL,
            tag        TEXT NOT NULL,
            digest     TEXT NOT NULL,
            PRIMARY KEY (repository, tag)
        ) STRICT, WITHOUT ROWID;
        """;
}
