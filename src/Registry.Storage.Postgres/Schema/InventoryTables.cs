namespace Registry.Storage.Postgres.Schema;

/// <summary>The step that makes what the inventory reads.</summary>
internal static class InventoryTables
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        LOCK TABLE repositories, tags, changes;

        -- What a list shows of the repositories that have a manifest, and in which orders. Triggers keep it up to date, those of older nodes' changes, too, and rounds of
        -- the computation of space the size. pushed_at: the last push, as Unix time in milliseconds; 0 if none is recorded. pushed_by: its user. size:
        -- space_repositories.referred.
        CREATE TABLE repository_facts (
            repository_id bigint PRIMARY KEY,
            name          text   NOT NULL UNIQUE COLLATE "C",
            pushed_at     bigint NOT NULL DEFAULT 0,
            pushed_by     text,
            size          bigint NOT NULL DEFAULT 0
        );
        INSERT INTO repository_facts (repository_id, name, size)
        SELECT r.id, r.name, coalesce(s.referred, 0) FROM repositories r LEFT JOIN space_repositories s ON s.repository_id = r.id WHERE r.has_manifests;
        UPDATE repository_facts f SET pushed_at = c.at, pushed_by = c.actor FROM changes c
        JOIN (SELECT max(sequence) AS sequence FROM changes WHERE kind IN (3, 5) AND source <> 4 GROUP BY repository_id) l ON l.sequence = c.sequence
        WHERE c.repository_id = f.repository_id;
        CREATE INDEX repository_facts_by_push ON repository_facts (pushed_at, name);
        CREATE INDEX repository_facts_by_size ON repository_facts (size, name);

        -- Finds them by any part of three characters of their names, and no more than the extensions of every server. A table of its own, whose rows a push does not write:
        -- the index would get an entry for each new version of a row.
        CREATE FUNCTION parts_of_name(name text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT array_agg(DISTINCT substr(name, n, 3)) FROM generate_series(1, greatest(length(name) - 2, 1)) n
        $$;
        CREATE TABLE repository_names (
            repository_id bigint PRIMARY KEY,
            parts         text[] NOT NULL COLLATE "C"
        );
        INSERT INTO repository_names (repository_id, parts) SELECT repository_id, parts_of_name(name) FROM repository_facts;
        CREATE INDEX repository_names_by_part ON repository_names USING gin (parts);

        CREATE FUNCTION note_repository() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT NEW.has_manifests THEN
                DELETE FROM repository_facts WHERE repository_id = NEW.id;
                DELETE FROM repository_names WHERE repository_id = NEW.id;
            ELSE
                INSERT INTO repository_facts (repository_id, name) VALUES (NEW.id, NEW.name) ON CONFLICT (repository_id) DO UPDATE SET name = excluded.name;
                INSERT INTO repository_names (repository_id, parts) VALUES (NEW.id, parts_of_name(NEW.name))
                ON CONFLICT (repository_id) DO UPDATE SET parts = excluded.parts;
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER facts_of_repository AFTER UPDATE ON repositories FOR EACH ROW
            WHEN (OLD.has_manifests <> NEW.has_manifests OR OLD.name <> NEW.name) EXECUTE FUNCTION note_repository();

        -- A push has one time for all that it changes, so it writes the row once. A restore only repeats changes.
        CREATE FUNCTION note_push() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE repository_facts SET pushed_at = NEW.at, pushed_by = NEW.actor WHERE repository_id = NEW.repository_id AND pushed_at <> NEW.at;
            RETURN NULL;
        END $$;
        CREATE TRIGGER facts_of_push AFTER INSERT ON changes FOR EACH ROW
            WHEN (NEW.kind IN (3, 5) AND NEW.source <> 4) EXECUTE FUNCTION note_push();

        -- set_at: time at which the tag was set to its manifest, as Unix time in milliseconds; 0 if it is unknown. An older node leaves it as it is.
        ALTER TABLE tags ADD COLUMN set_at bigint NOT NULL DEFAULT 0;
        UPDATE tags t SET set_at = 1000 * h.set_at FROM tag_history h
        WHERE h.repository_id = t.repository_id AND h.tag = t.name AND h.manifest_id = t.manifest_id;
        CREATE INDEX tags_by_time ON tags (repository_id, set_at, name);
        """;
}
