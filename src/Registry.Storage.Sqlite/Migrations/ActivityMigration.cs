namespace Registry.Storage.Sqlite.Migrations;

/// <summary>The migration that indexes the changes of each repository.</summary>
internal static class ActivityMigration
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- What has happened in a repository, in order. Changes of blobs are not in it, nor what a restore from a backup has repeated.
        CREATE INDEX changes_by_repository ON changes (repository_id, sequence) WHERE kind IN (3, 4, 5, 6, 8) AND source <> 4;
        """;
}
