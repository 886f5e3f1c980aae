namespace Registry.Storage.Postgres.Schema;

/// <summary>The step that makes the tables of the computation of space.</summary>
internal static class SpaceTables
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- What the last round of the computation of space has found of each repository, in bytes. only_here: of what no other repository holds. trashed: of what only
        -- its trash holds. The rows of repositories that hold nothing any more go with the next round.
        CREATE TABLE space_repositories (
            repository_id bigint PRIMARY KEY,
            referred      bigint NOT NULL,
            only_here     bigint NOT NULL,
            trashed       bigint NOT NULL
        );

        -- Sums of the last round of each day. day: number of days since 1970-01-01 UTC. at: its beginning, as Unix time in milliseconds. clock: the same, in seconds of
        -- the clock. only_one: of what one repository holds.
        CREATE TABLE space_days (
            day          bigint PRIMARY KEY,
            round        bigint NOT NULL,
            at           bigint NOT NULL,
            clock        bigint NOT NULL,
            repositories bigint NOT NULL,
            referred     bigint NOT NULL,
            only_one     bigint NOT NULL,
            shared       bigint NOT NULL,
            trashed      bigint NOT NULL,
            unreferenced bigint NOT NULL,
            uploads      bigint NOT NULL
        );
        """;

    /// <summary>Statement of the step that sorts the repositories. Only the rounds write the index, where a figure has changed.</summary>
    public const string Order = "CREATE INDEX space_repositories_by_unique ON space_repositories (only_here);";
}
