namespace Registry.Storage.Sqlite.Migrations;

/// <summary>The migration that makes what the mirror needs.</summary>
internal static class MirrorMigration
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- upstream: from which the repository is mirrored; NULL for a local one. The manifests of a mirrored one never have an idle_since: they go when they are evicted.
        ALTER TABLE repositories ADD COLUMN upstream TEXT;
        CREATE INDEX repositories_by_upstream ON repositories (upstream, name);

        -- Manifests of mirrored repositories, in the order of their last pull. pulled_at: Unix time in seconds; at first that of the push.
        CREATE TABLE mirrored_manifests (
            manifest_id INTEGER PRIMARY KEY REFERENCES manifests (id) ON DELETE CASCADE,
            upstream    TEXT    NOT NULL,
            pulled_at   INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX mirrored_manifests_by_pull ON mirrored_manifests (upstream, pulled_at, manifest_id);

        -- When upstreams were last asked for tags, as Unix time in seconds. The rows go with their tags.
        CREATE TABLE tag_checks (
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            tag           TEXT    NOT NULL,
            checked_at    INTEGER NOT NULL,
            PRIMARY KEY (repository_id, tag)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER tag_checks_removed AFTER DELETE ON tags BEGIN
            DELETE FROM tag_checks WHERE repository_id = old.repository_id AND tag = old.name;
        END;

        -- What the repositories of each upstream hold, kept up to date by triggers. repositories: those that have a manifest. bytes: counted once for each repository. A row
        -- gets another upstream only while it has no content.
        CREATE TABLE mirror_totals (
            upstream     TEXT    PRIMARY KEY,
            repositories INTEGER NOT NULL DEFAULT 0,
            manifests    INTEGER NOT NULL DEFAULT 0,
            bytes        INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER mirror_manifest_added AFTER INSERT ON manifests
        WHEN EXISTS (SELECT 1 FROM repositories WHERE id = new.repository_id AND upstream IS NOT NULL) BEGIN
            INSERT INTO mirrored_manifests (manifest_id, upstream, pulled_at)
            SELECT new.id, upstream, new.pushed_at FROM repositories WHERE id = new.repository_id;
            INSERT INTO mirror_totals (upstream, manifests, bytes)
            SELECT r.upstream, 1, c.size FROM repositories r CROSS JOIN content c ON c.id = new.content_id WHERE r.id = new.repository_id
            ON CONFLICT (upstream) DO UPDATE SET manifests = manifests + 1, bytes = bytes + excluded.bytes;
        END;
        CREATE TRIGGER mirror_manifest_removed AFTER DELETE ON manifests
        WHEN EXISTS (SELECT 1 FROM repositories WHERE id = old.repository_id AND upstream IS NOT NULL) BEGIN
            UPDATE mirror_totals SET manifests = manifests - 1, bytes = bytes - (SELECT size FROM content WHERE id = old.content_id)
            WHERE upstream = (SELECT upstream FROM repositories WHERE id = old.repository_id);
        END;
        CREATE TRIGGER mirror_link_added AFTER INSERT ON blob_links
        WHEN EXISTS (SELECT 1 FROM repositories WHERE id = new.repository_id AND upstream IS NOT NULL) BEGIN
            INSERT INTO mirror_totals (upstream, bytes)
            SELECT r.upstream, c.size FROM repositories r CROSS JOIN content c ON c.id = new.content_id WHERE r.id = new.repository_id
            ON CONFLICT (upstream) DO UPDATE SET bytes = bytes + excluded.bytes;
        END;
        CREATE TRIGGER mirror_link_removed AFTER DELETE ON blob_links
        WHEN EXISTS (SELECT 1 FROM repositories WHERE id = old.repository_id AND upstream IS NOT NULL) BEGIN
            UPDATE mirror_totals SET bytes = bytes - (SELECT size FROM content WHERE id = old.content_id)
            WHERE upstream = (SELECT upstream FROM repositories WHERE id = old.repository_id);
        END;
        CREATE TRIGGER mirror_content_changed AFTER UPDATE OF size ON content WHEN old.size <> new.size BEGIN
            UPDATE mirror_totals SET bytes = bytes + (new.size - old.size) * (
                SELECT COUNT(*) FROM (
                    SELECT repository_id FROM blob_links WHERE content_id = new.id UNION ALL SELECT repository_id FROM manifests WHERE content_id = new.id) h
                CROSS JOIN repositories r ON r.id = h.repository_id WHERE r.upstream = mirror_totals.upstream)
            WHERE upstream IN (
                SELECT r.upstream FROM (
                    SELECT repository_id FROM blob_links WHERE content_id = new.id UNION ALL SELECT repository_id FROM manifests WHERE content_id = new.id) h
                CROSS JOIN repositories r ON r.id = h.repository_id);
        END;
        CREATE TRIGGER mirror_repository_changed AFTER UPDATE OF manifest_count ON repositories
        WHEN new.upstream IS NOT NULL AND (old.manifest_count > 0) <> (new.manifest_count > 0) BEGIN
            INSERT INTO mirror_totals (upstream, repositories) VALUES (new.upstream, (new.manifest_count > 0) - (old.manifest_count > 0))
            ON CONFLICT (upstream) DO UPDATE SET repositories = repositories + excluded.repositories;
        END;
        """;
}
