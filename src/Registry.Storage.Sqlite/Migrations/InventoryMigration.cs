namespace Registry.Storage.Sqlite.Migrations;

/// <summary>The migration that makes what the inventory reads.</summary>
internal static class InventoryMigration
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- What a list shows of the repositories that have a manifest, and in which orders. Triggers keep it up to date, and rounds of the computation of space the size.
        -- pushed_at: the last push, as Unix time in milliseconds; 0 if none is recorded. pushed_by: its user. size: space_repositories.referred.
        CREATE TABLE repository_facts (
            repository_id INTEGER PRIMARY KEY,
            name          TEXT    NOT NULL UNIQUE,
            pushed_at     INTEGER NOT NULL DEFAULT 0,
            pushed_by     TEXT,
            size          INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        INSERT INTO repository_facts (repository_id, name, size)
        SELECT id, name, COALESCE((SELECT referred FROM space_repositories WHERE repository_id = id), 0) FROM repositories WHERE manifest_count > 0;
        UPDATE repository_facts SET (pushed_at, pushed_by) = (c.at, c.actor) FROM changes c
        JOIN (SELECT MAX(sequence) AS sequence FROM changes WHERE kind IN (3, 5) AND source <> 4 GROUP BY repository_id) l ON l.sequence = c.sequence
        WHERE c.repository_id = repository_facts.repository_id;
        CREATE INDEX repository_facts_by_push ON repository_facts (pushed_at, name);
        CREATE INDEX repository_facts_by_size ON repository_facts (size, name);

        -- Finds them by any part of three characters of their names.
        CREATE VIRTUAL TABLE repository_names
            USING fts5 (name, content = 'repository_facts', content_rowid = 'repository_id', tokenize = 'trigram case_sensitive 1', detail = 'none');
        INSERT INTO repository_names (repository_names) VALUES ('rebuild');
        CREATE TRIGGER repository_names_added AFTER INSERT ON repository_facts BEGIN
            INSERT INTO repository_names (rowid, name) VALUES (new.repository_id, new.name);
        END;
        CREATE TRIGGER repository_names_changed AFTER UPDATE OF name ON repository_facts BEGIN
            INSERT INTO repository_names (repository_names, rowid, name) VALUES ('delete', old.repository_id, old.name);
            INSERT INTO repository_names (rowid, name) VALUES (new.repository_id, new.name);
        END;
        CREATE TRIGGER repository_names_removed AFTER DELETE ON repository_facts BEGIN
            INSERT INTO repository_names (repository_names, rowid, name) VALUES ('delete', old.repository_id, old.name);
        END;

        CREATE TRIGGER repository_facts_added AFTER UPDATE OF manifest_count ON repositories WHEN old.manifest_count = 0 AND new.manifest_count > 0 BEGIN
            INSERT INTO repository_facts (repository_id, name) VALUES (new.id, new.name);
        END;
        CREATE TRIGGER repository_facts_removed AFTER UPDATE OF manifest_count ON repositories WHEN old.manifest_count > 0 AND new.manifest_count = 0 BEGIN
            DELETE FROM repository_facts WHERE repository_id = new.id;
        END;
        CREATE TRIGGER repository_facts_renamed AFTER UPDATE OF name ON repositories BEGIN
            UPDATE repository_facts SET name = new.name WHERE repository_id = new.id;
        END;

        -- A push has one time for all that it changes, so it writes the row once. A restore only repeats changes.
        CREATE TRIGGER repository_facts_pushed AFTER INSERT ON changes WHEN new.kind IN (3, 5) AND new.source <> 4 BEGIN
            UPDATE repository_facts SET pushed_at = new.at, pushed_by = new.actor WHERE repository_id = new.repository_id AND pushed_at <> new.at;
        END;

        -- set_at: time at which the tag was set to its manifest, as Unix time in milliseconds; 0 if it is unknown.
        ALTER TABLE tags ADD COLUMN set_at INTEGER NOT NULL DEFAULT 0;
        UPDATE tags SET set_at = COALESCE((
            SELECT 1000 * h.set_at FROM tag_history h WHERE h.repository_id = tags.repository_id AND h.tag = tags.name AND h.manifest_id = tags.manifest_id), 0);
        CREATE INDEX tags_by_time ON tags (repository_id, set_at, name);
        """;
}
