namespace Registry.Storage.Postgres.Schema;

/// <summary>The step that indexes the changes of each repository.</summary>
internal static class ActivityIndex
{
    /// <summary>Its statement.</summary>
    public const string Sql =
        """
        -- What has happened in a repository, the newest first. Changes of blobs are not in it, nor what a restore from a backup has repeated. The order of -sequence is not
        -- that of changes_of_tags: for the history of a tag, the planner would read all changes of the repository.
        CREATE INDEX changes_of_repository ON changes (repository_id, (-sequence)) WHERE kind IN (3, 4, 5, 6, 8) AND source <> 4;
        """;
}
