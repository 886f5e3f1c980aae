namespace Registry.Storage.Postgres.Schema;

/// <summary>What the rules about repositories need.</summary>
internal static class PolicyTables
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- Digests that immutable tags had when they went. By names, since a rule is about names: the rows outlive repository, tag and manifest, and a rename.
        CREATE TABLE kept_tags (
            repository text NOT NULL COLLATE "C",
            tag        text NOT NULL COLLATE "C",
            digest     text NOT NULL,
            PRIMARY KEY (repository, tag)
        );
        """;
}
