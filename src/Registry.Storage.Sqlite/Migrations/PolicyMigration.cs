namespace Registry.Storage.Sqlite.Migrations;

/// <summary>The migration that makes what the rules about repositories need.</summary>
internal static class PolicyMigration
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- Digests that immutable tags had when they went. By names, since a rule is about names: the rows outlive repository, tag and manifest, and a rename.
        CREATE TABLE kept_tags (
            repository TEXT NOT NULL,
            tag        TEXT NOT NULL,
            digest     TEXT NOT NULL,
            PRIMARY KEY (repository, tag)
        ) STRICT, WITHOUT ROWID;

        -- Bytes that repositories refer to, for quotas: their manifests, and what these refer to, each digest once. Kept up to date by triggers.
        CREATE TABLE repository_bytes (
            repository_id INTEGER PRIMARY KEY,
            bytes         INTEGER NOT NULL
        ) STRICT;
        INSERT INTO repository_bytes (repository_id, bytes)
        SELECT h.repository_id, SUM(c.size)
        FROM (SELECT repository_id, content_id FROM manifests UNION SELECT repository_id, content_id FROM manifest_references) h
        CROSS JOIN content c ON c.id = h.content_id GROUP BY h.repository_id;
        CREATE TRIGGER bytes_of_manifest_added AFTER INSERT ON manifests
        WHEN NOT EXISTS (SELECT 1 FROM manifest_references WHERE content_id = new.content_id AND repository_id = new.repository_id) BEGIN
            INSERT INTO repository_bytes (repository_id, bytes) SELECT new.repository_id, size FROM content WHERE id = new.content_id
            ON CONFLICT (repository_id) DO UPDATE SET bytes = bytes + excluded.bytes;
        END;
        CREATE TRIGGER bytes_of_manifest_removed AFTER DELETE ON manifests
        WHEN NOT EXISTS (SELECT 1 FROM manifest_references WHERE content_id = old.content_id AND repository_id = old.repository_id) BEGIN
            UPDATE repository_bytes SET bytes = bytes - (SELECT size FROM content WHERE id = old.content_id) WHERE repository_id = old.repository_id;
        END;
        CREATE TRIGGER bytes_of_reference_added AFTER INSERT ON manifest_references
        WHEN NOT EXISTS (SELECT 1 FROM manifests WHERE repository_id = new.repository_id AND content_id = new.content_id)
        AND NOT EXISTS (
            SELECT 1 FROM manifest_references WHERE content_id = new.content_id AND repository_id = new.repository_id AND manifest_id <> new.manifest_id) BEGIN
            INSERT INTO repository_bytes (repository_id, bytes) SELECT new.repository_id, size FROM content WHERE id = new.content_id
            ON CONFLICT (repository_id) DO UPDATE SET bytes = bytes + excluded.bytes;
        END;
        CREATE TRIGGER bytes_of_reference_removed AFTER DELETE ON manifest_references
        WHEN NOT EXISTS (SELECT 1 FROM manifests WHERE repository_id = old.repository_id AND content_id = old.content_id)
        AND NOT EXISTS (SELECT 1 FROM manifest_references WHERE content_id = old.content_id AND repository_id = old.repository_id) BEGIN
            UPDATE repository_bytes SET bytes = bytes - (SELECT size FROM content WHERE id = old.content_id) WHERE repository_id = old.repository_id;
        END;
        CREATE TRIGGER bytes_of_content_changed AFTER UPDATE OF size ON content WHEN old.size <> new.size BEGIN
            UPDATE repository_bytes SET bytes = bytes + new.size - old.size WHERE repository_id IN (
                SELECT repository_id FROM manifests WHERE content_id = new.id UNION SELECT repository_id FROM manifest_references WHERE content_id = new.id);
        END;
        """;
}
