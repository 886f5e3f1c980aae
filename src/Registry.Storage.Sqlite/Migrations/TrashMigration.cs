namespace Registry.Storage.Sqlite.Migrations;

/// <summary>The migration that makes the tables of the trash.</summary>
internal static class TrashMigration
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- Deleted manifests that can be restored. held_size: size of the manifest and of all that it referred to, in bytes. deleted_at: in seconds of the running
        -- clock. at, source and the next columns: as in changes, of the deletion.
        CREATE TABLE trash (
            id            INTEGER PRIMARY KEY AUTOINCREMENT,
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            content_id    INTEGER NOT NULL REFERENCES content (id),
            media_type    TEXT    NOT NULL,
            held_size     INTEGER NOT NULL,
            deleted_at    INTEGER NOT NULL,
            at            INTEGER NOT NULL,
            source        INTEGER NOT NULL,
            actor         TEXT,
            request       TEXT,
            address       TEXT,
            client        TEXT,
            UNIQUE (repository_id, content_id)
        ) STRICT;
        CREATE INDEX trash_by_content ON trash (content_id);
        CREATE INDEX trash_by_age ON trash (deleted_at);
        CREATE INDEX trash_by_repository ON trash (repository_id, id);

        -- What they referred to. was_there: 1 if the repository had it at the deletion, as a blob or a manifest.
        CREATE TABLE trash_references (
            entry_id      INTEGER NOT NULL REFERENCES trash (id),
            content_id    INTEGER NOT NULL REFERENCES content (id),
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            was_there     INTEGER NOT NULL,
            PRIMARY KEY (entry_id, content_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX trash_references_by_content ON trash_references (content_id, repository_id);

        -- Their tags, and those of a manifest that loses very many before it goes into the trash.
        CREATE TABLE trash_tags (
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            content_id    INTEGER NOT NULL,
            name          TEXT    NOT NULL,
            PRIMARY KEY (repository_id, content_id, name)
        ) STRICT, WITHOUT ROWID;

        -- Content that a manifest of a repository refers to, in the trash or not, and the manifests themselves.
        CREATE VIEW held_content (content_id, repository_id) AS
            SELECT content_id, repository_id FROM manifest_references UNION ALL SELECT content_id, repository_id FROM trash_references;
        CREATE VIEW kept_manifests (content_id, repository_id) AS
            SELECT content_id, repository_id FROM manifests UNION ALL SELECT content_id, repository_id FROM trash;

        ALTER TABLE totals ADD COLUMN trashed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE totals ADD COLUMN trashed_bytes INTEGER NOT NULL DEFAULT 0;
        CREATE TRIGGER totals_trash_added AFTER INSERT ON trash BEGIN
            UPDATE totals SET trashed = trashed + 1, trashed_bytes = trashed_bytes + new.held_size;
        END;
        CREATE TRIGGER totals_trash_removed AFTER DELETE ON trash BEGIN
            UPDATE totals SET trashed = trashed - 1, trashed_bytes = trashed_bytes - old.held_size;
        END;
        """;
}
