namespace Registry.Storage.Sqlite.Migrations;

/// <summary>The migrations that make the tables of the computation of space.</summary>
internal static class SpaceMigration
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- What the last round of the computation of space has found of each repository, in bytes. only_here: of what no other repository holds. trashed: of what only its
        -- trash holds. The rows of repositories that hold nothing any more go with the next round.
        CREATE TABLE space_repositories (
            repository_id INTEGER PRIMARY KEY,
            referred      INTEGER NOT NULL,
            only_here     INTEGER NOT NULL,
            trashed       INTEGER NOT NULL
        ) STRICT;

        -- Sums of the last round of each day. day: number of days since 1970-01-01 UTC. at: its beginning, as Unix time in milliseconds. clock: the same, in seconds of the
        -- running clock. only_one: of what one repository holds.
        CREATE TABLE space_days (
            day          INTEGER PRIMARY KEY,
            round        INTEGER NOT NULL,
            at           INTEGER NOT NULL,
            clock        INTEGER NOT NULL,
            repositories INTEGER NOT NULL,
            referred     INTEGER NOT NULL,
            only_one     INTEGER NOT NULL,
            shared       INTEGER NOT NULL,
            trashed      INTEGER NOT NULL,
            unreferenced INTEGER NOT NULL,
            uploads      INTEGER NOT NULL
        ) STRICT;
        """;

    /// <summary>Statement of the migration that sorts the repositories. Only the rounds write the index, where a figure has changed.</summary>
    public const string Order = "CREATE INDEX space_repositories_by_unique ON space_repositories (only_here);";
}
