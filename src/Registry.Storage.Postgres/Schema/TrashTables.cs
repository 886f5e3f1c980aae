namespace Registry.Storage.Postgres.Schema;

/// <summary>The step that makes the tables of the trash.</summary>
internal static class TrashTables
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- Deleted manifests that can be restored. held_size: size of the manifest and of all that it referred to, in bytes. deleted_at: in seconds of the clock. at, source
        -- and the next columns: as in changes, of the deletion.
        CREATE TABLE trash (
            id            bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
            repository_id bigint NOT NULL REFERENCES repositories (id),
            content_id    bigint NOT NULL REFERENCES content (id),
            media_type    text   NOT NULL,
            held_size     bigint NOT NULL,
            deleted_at    bigint NOT NULL,
            at            bigint NOT NULL,
            source        bigint NOT NULL,
            actor         text,
            request       text,
            address       text,
            client        text,
            UNIQUE (repository_id, content_id)
        );
        CREATE INDEX trash_by_content ON trash (content_id, repository_id);
        CREATE INDEX trash_by_age ON trash (deleted_at);
        CREATE INDEX trash_by_repository ON trash (repository_id, id);

        -- What they referred to. was_there: true if the repository had it at the deletion, as a blob or a manifest.
        CREATE TABLE trash_references (
            entry_id      bigint  NOT NULL REFERENCES trash (id),
            content_id    bigint  NOT NULL REFERENCES content (id),
            repository_id bigint  NOT NULL REFERENCES repositories (id),
            was_there     boolean NOT NULL,
            PRIMARY KEY (entry_id, content_id)
        );
        CREATE INDEX trash_references_by_content ON trash_references (content_id, repository_id);
        CREATE TABLE trash_tags (
            entry_id bigint NOT NULL REFERENCES trash (id),
            name     text   NOT NULL COLLATE "C",
            PRIMARY KEY (entry_id, name)
        );

        -- Content that a manifest of a repository refers to, in the trash or not, and the manifests themselves.
        CREATE VIEW held_content (content_id, repository_id) AS
            SELECT content_id, repository_id FROM manifest_references UNION ALL SELECT content_id, repository_id FROM trash_references;
        CREATE VIEW kept_manifests (content_id, repository_id) AS
            SELECT content_id, repository_id FROM manifests UNION ALL SELECT content_id, repository_id FROM trash;

        ALTER TABLE totals ADD COLUMN trashed bigint NOT NULL DEFAULT 0, ADD COLUMN trashed_bytes bigint NOT NULL DEFAULT 0;
        ALTER TABLE total_deltas ADD COLUMN trashed bigint NOT NULL DEFAULT 0, ADD COLUMN trashed_bytes bigint NOT NULL DEFAULT 0;
        CREATE FUNCTION count_trash() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO total_deltas (trashed, trashed_bytes)
            SELECT TG_ARGV[0]::bigint * count(*), TG_ARGV[0]::bigint * sum(held_size) FROM counted HAVING count(*) > 0;
            RETURN NULL;
        END $$;
        CREATE TRIGGER totals_trash_added AFTER INSERT ON trash REFERENCING NEW TABLE AS counted EXECUTE FUNCTION count_trash('1');
        CREATE TRIGGER totals_trash_removed AFTER DELETE ON trash REFERENCING OLD TABLE AS counted EXECUTE FUNCTION count_trash('-1');
        """;
}
