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

        -- Bytes that repositories refer to, for quotas: their manifests, and what these refer to, each digest once. Kept up to date by triggers, for changes of older nodes, too:
        -- a manifest changes under the lock of its repository, so no two transactions wait for one row.
        LOCK TABLE content, manifests, manifest_references;
        CREATE TABLE repository_bytes (
            repository_id bigint PRIMARY KEY,
            bytes         bigint NOT NULL
        );
        INSERT INTO repository_bytes (repository_id, bytes)
        SELECT h.repository_id, sum(c.size) FROM (SELECT repository_id, content_id FROM manifests UNION SELECT repository_id, content_id FROM manifest_references) h
        JOIN content c ON c.id = h.content_id GROUP BY h.repository_id;

        -- Rows that a statement has added (1) or removed (-1), unless something else in the repository has the content.
        CREATE FUNCTION count_bytes_of_manifests() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO repository_bytes (repository_id, bytes)
            SELECT h.repository_id, TG_ARGV[0]::bigint * sum((SELECT size FROM content WHERE id = h.content_id)) FROM counted h
            WHERE (SELECT manifest_id FROM manifest_references WHERE content_id = h.content_id AND repository_id = h.repository_id LIMIT 1) IS NULL
            GROUP BY h.repository_id
            ON CONFLICT (repository_id) DO UPDATE SET bytes = repository_bytes.bytes + excluded.bytes;
            RETURN NULL;
        END $$;
        CREATE TRIGGER bytes_of_manifests_added AFTER INSERT ON manifests REFERENCING NEW TABLE AS counted EXECUTE FUNCTION count_bytes_of_manifests('1');
        CREATE TRIGGER bytes_of_manifests_removed AFTER DELETE ON manifests REFERENCING OLD TABLE AS counted EXECUTE FUNCTION count_bytes_of_manifests('-1');

        CREATE FUNCTION count_bytes_of_references() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO repository_bytes (repository_id, bytes)
            SELECT h.repository_id, TG_ARGV[0]::bigint * sum((SELECT size FROM content WHERE id = h.content_id))
            FROM (SELECT DISTINCT repository_id, content_id FROM counted) h
            WHERE (SELECT id FROM manifests WHERE repository_id = h.repository_id AND content_id = h.content_id) IS NULL
            AND (SELECT f.manifest_id FROM manifest_references f WHERE f.content_id = h.content_id AND f.repository_id = h.repository_id
                AND NOT EXISTS (SELECT 1 FROM counted n WHERE n.manifest_id = f.manifest_id AND n.content_id = f.content_id) LIMIT 1) IS NULL
            GROUP BY h.repository_id
            ON CONFLICT (repository_id) DO UPDATE SET bytes = repository_bytes.bytes + excluded.bytes;
            RETURN NULL;
        END $$;
        CREATE TRIGGER bytes_of_references_added AFTER INSERT ON manifest_references
            REFERENCING NEW TABLE AS counted EXECUTE FUNCTION count_bytes_of_references('1');
        CREATE TRIGGER bytes_of_references_removed AFTER DELETE ON manifest_references
            REFERENCING OLD TABLE AS counted EXECUTE FUNCTION count_bytes_of_references('-1');

        CREATE FUNCTION count_bytes_of_content() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE repository_bytes SET bytes = bytes + NEW.size - OLD.size WHERE repository_id IN (
                SELECT repository_id FROM manifests WHERE content_id = NEW.id UNION SELECT repository_id FROM manifest_references WHERE content_id = NEW.id);
            RETURN NULL;
        END $$;
        CREATE TRIGGER bytes_of_content_changed AFTER UPDATE ON content FOR EACH ROW WHEN (OLD.size <> NEW.size) EXECUTE FUNCTION count_bytes_of_content();
        """;
}
