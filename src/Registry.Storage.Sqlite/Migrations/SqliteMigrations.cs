namespace Registry.Storage.Sqlite.Migrations;

/// <summary>Tables of the database, as the migrations that make them.</summary>
internal static class SqliteMigrations
{
    /// <summary>All of them, in the order in which they run. Released ones never change.</summary>
    public static readonly string[] All =
    [
        """
        CREATE TABLE meta (
            key   TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE repositories (
            id             INTEGER PRIMARY KEY,
            name           TEXT    NOT NULL UNIQUE,
            manifest_count INTEGER NOT NULL DEFAULT 0,
            pinned         INTEGER NOT NULL DEFAULT 0   -- 1: holds something unreadable, so its links never expire
        ) STRICT;
        CREATE INDEX repositories_with_manifests ON repositories (name) WHERE manifest_count > 0;

        -- Every known digest. state: 0 mentioned by a manifest (the bytes do not exist), 1 stored, 2 orphaned (stored, nothing links to it),
        -- 3 condemned (being removed).
        CREATE TABLE content (
            id     INTEGER PRIMARY KEY,
            digest TEXT    NOT NULL UNIQUE,
            size   INTEGER NOT NULL DEFAULT 0,
            state  INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX content_without_links ON content (state, id) WHERE state >= 2;

        -- Blobs that a repository may see. idle_since: time since when no manifest of the repository has needed it, in seconds of the running
        -- clock; NULL while one does.
        CREATE TABLE blob_links (
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            content_id    INTEGER NOT NULL REFERENCES content (id),
            idle_since    INTEGER,
            PRIMARY KEY (repository_id, content_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX blob_links_by_content ON blob_links (content_id);
        CREATE INDEX blob_links_idle ON blob_links (idle_since) WHERE idle_since IS NOT NULL;

        CREATE TABLE manifests (
            id            INTEGER PRIMARY KEY,
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            content_id    INTEGER NOT NULL REFERENCES content (id),
            media_type    TEXT    NOT NULL,
            artifact_type TEXT,
            subject       TEXT,
            annotations   TEXT,
            UNIQUE (repository_id, content_id)
        ) STRICT;
        CREATE INDEX manifests_by_content ON manifests (content_id);
        CREATE INDEX manifests_by_subject ON manifests (repository_id, subject) WHERE subject IS NOT NULL;

        -- References of a manifest: config, layers, children of an index. Not its subject.
        CREATE TABLE manifest_references (
            manifest_id   INTEGER NOT NULL REFERENCES manifests (id),
            content_id    INTEGER NOT NULL REFERENCES content (id),
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            PRIMARY KEY (manifest_id, content_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX manifest_references_by_content ON manifest_references (content_id, repository_id);

        CREATE TABLE tags (
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            name          TEXT    NOT NULL,
            manifest_id   INTEGER NOT NULL REFERENCES manifests (id),
            PRIMARY KEY (repository_id, name)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX tags_by_manifest ON tags (manifest_id);

        -- Manifests of each tag since it was created.
        CREATE TABLE tag_history (
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            tag           TEXT    NOT NULL,
            manifest_id   INTEGER NOT NULL REFERENCES manifests (id),
            set_at        INTEGER NOT NULL,              -- Unix time, seconds
            PRIMARY KEY (repository_id, tag, manifest_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX tag_history_by_manifest ON tag_history (manifest_id);

        -- Sessions of uploads in progress. The length of an upload is that of its file.
        CREATE TABLE uploads (
            id         TEXT PRIMARY KEY,
            repository TEXT NOT NULL,
            owner      TEXT,
            algorithm  TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE tree_journal (
            id         INTEGER PRIMARY KEY AUTOINCREMENT,
            change     INTEGER NOT NULL,
            repository TEXT    NOT NULL,
            tag        TEXT,
            digest     TEXT
        ) STRICT;
        """,
        """
        -- Renewing the idle links of a base layer must not read its many links that are not idle.
        DROP INDEX blob_links_by_content;
        CREATE INDEX blob_links_by_content ON blob_links (content_id, idle_since);
        """,
        """
        -- Totals, kept up to date by triggers. stored: size of all stored content, each counted once. logical: counted once for each repository.
        CREATE TABLE totals (
            id        INTEGER PRIMARY KEY CHECK (id = 1),
            blobs     INTEGER NOT NULL,
            stored    INTEGER NOT NULL,
            logical   INTEGER NOT NULL,
            manifests INTEGER NOT NULL
        ) STRICT;
        INSERT INTO totals SELECT
            1,
            (SELECT COUNT(*) FROM content WHERE state >= 1),
            (SELECT COALESCE(SUM(size), 0) FROM content WHERE state >= 1),
            (SELECT COALESCE(SUM(c.size), 0) FROM blob_links l JOIN content c ON c.id = l.content_id)
                + (SELECT COALESCE(SUM(c.size), 0) FROM manifests m JOIN content c ON c.id = m.content_id),
            (SELECT COUNT(*) FROM manifests);
        CREATE TRIGGER totals_content_added AFTER INSERT ON content WHEN new.state >= 1 BEGIN
            UPDATE totals SET blobs = blobs + 1, stored = stored + new.size;
        END;
        CREATE TRIGGER totals_content_changed AFTER UPDATE OF size, state ON content
        WHEN (old.state >= 1) <> (new.state >= 1) OR old.size <> new.size BEGIN
            UPDATE totals SET
                blobs = blobs + (new.state >= 1) - (old.state >= 1),
                stored = stored + (new.state >= 1) * new.size - (old.state >= 1) * old.size,
                logical = logical + (new.size - old.size) * (
                    (SELECT COUNT(*) FROM blob_links WHERE content_id = new.id) + (SELECT COUNT(*) FROM manifests WHERE content_id = new.id));
        END;
        CREATE TRIGGER totals_content_removed AFTER DELETE ON content WHEN old.state >= 1 BEGIN
            UPDATE totals SET blobs = blobs - 1, stored = stored - old.size;
        END;
        CREATE TRIGGER totals_link_added AFTER INSERT ON blob_links BEGIN
            UPDATE totals SET logical = logical + (SELECT size FROM content WHERE id = new.content_id);
        END;
        CREATE TRIGGER totals_link_removed AFTER DELETE ON blob_links BEGIN
            UPDATE totals SET logical = logical - (SELECT size FROM content WHERE id = old.content_id);
        END;
        CREATE TRIGGER totals_manifest_added AFTER INSERT ON manifests BEGIN
            UPDATE totals SET manifests = manifests + 1, logical = logical + (SELECT size FROM content WHERE id = new.content_id);
        END;
        CREATE TRIGGER totals_manifest_removed AFTER DELETE ON manifests BEGIN
            UPDATE totals SET manifests = manifests - 1, logical = logical - (SELECT size FROM content WHERE id = old.content_id);
        END;
        """,
        """
        -- Totals of repositories that have a manifest, and of tags.
        ALTER TABLE totals ADD COLUMN repositories INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE totals ADD COLUMN tags INTEGER NOT NULL DEFAULT 0;
        UPDATE totals SET
            repositories = (SELECT COUNT(*) FROM repositories WHERE manifest_count > 0),
            tags = (SELECT COUNT(*) FROM tags);
        CREATE TRIGGER totals_repository_changed AFTER UPDATE OF manifest_count ON repositories
        WHEN (old.manifest_count > 0) <> (new.manifest_count > 0) BEGIN
            UPDATE totals SET repositories = repositories + (new.manifest_count > 0) - (old.manifest_count > 0);
        END;
        CREATE TRIGGER totals_tag_added AFTER INSERT ON tags BEGIN
            UPDATE totals SET tags = tags + 1;
        END;
        CREATE TRIGGER totals_tag_removed AFTER DELETE ON tags BEGIN
            UPDATE totals SET tags = tags - 1;
        END;
        """,
        """
        -- A manifest is held by a tag, by a manifest of its repository that refers to it, and by its subject, when that is in the repository.
        -- idle_since: since when nothing has held it, in seconds of the running clock; NULL while something does. is_root: 0 once an index that
        -- lists it or its subject was deleted; then it expires when it has been idle for the grace period. Until then it stays. pushed_at: the
        -- last push, as Unix time in seconds; for a manifest that is older than this column, the first time known of a tag, or the migration.
        ALTER TABLE manifests ADD COLUMN idle_since INTEGER;
        ALTER TABLE manifests ADD COLUMN is_root INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE manifests ADD COLUMN pushed_at INTEGER NOT NULL DEFAULT 0;
        UPDATE manifests SET
            pushed_at = COALESCE((SELECT MIN(set_at) FROM tag_history WHERE manifest_id = manifests.id), unixepoch()),
            idle_since = CASE
                WHEN EXISTS (SELECT 1 FROM tags WHERE manifest_id = manifests.id) THEN NULL
                WHEN EXISTS (
                    SELECT 1 FROM manifest_references f WHERE f.content_id = manifests.content_id AND f.repository_id = manifests.repository_id)
                THEN NULL
                WHEN EXISTS (
                    SELECT 1 FROM content c JOIN manifests s ON s.repository_id = manifests.repository_id AND s.content_id = c.id
                    WHERE c.digest = manifests.subject)
                THEN NULL
                ELSE COALESCE((SELECT value FROM meta WHERE key = 'running_seconds'), 0)
            END;
        CREATE INDEX manifests_idle ON manifests (is_root, idle_since) WHERE idle_since IS NOT NULL;

        -- As for links: renewing a promise must not read the manifests that are not idle.
        DROP INDEX manifests_by_content;
        CREATE INDEX manifests_by_content ON manifests (content_id, idle_since);

        ALTER TABLE totals ADD COLUMN untagged INTEGER NOT NULL DEFAULT 0;
        UPDATE totals SET untagged = (SELECT COUNT(*) FROM manifests WHERE idle_since IS NOT NULL);
        CREATE TRIGGER totals_idle_manifest_added AFTER INSERT ON manifests WHEN new.idle_since IS NOT NULL BEGIN
            UPDATE totals SET untagged = untagged + 1;
        END;
        CREATE TRIGGER totals_manifest_held AFTER UPDATE OF idle_since ON manifests
        WHEN (old.idle_since IS NULL) <> (new.idle_since IS NULL) BEGIN
            UPDATE totals SET untagged = untagged + (new.idle_since IS NOT NULL) - (old.idle_since IS NOT NULL);
        END;
        CREATE TRIGGER totals_idle_manifest_removed AFTER DELETE ON manifests WHEN old.idle_since IS NOT NULL BEGIN
            UPDATE totals SET untagged = untagged - 1;
        END;
        """,
        """
        -- Bytes of small content that have no file yet. A later push of the same content has another id, and an id is never used again.
        CREATE TABLE staged_content (
            id         INTEGER PRIMARY KEY AUTOINCREMENT,
            content_id INTEGER NOT NULL UNIQUE REFERENCES content (id) ON DELETE CASCADE,
            bytes      BLOB    NOT NULL
        ) STRICT;
        ALTER TABLE totals ADD COLUMN staged INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE totals ADD COLUMN staged_bytes INTEGER NOT NULL DEFAULT 0;
        CREATE TRIGGER totals_staged_added AFTER INSERT ON staged_content BEGIN
            UPDATE totals SET staged = staged + 1, staged_bytes = staged_bytes + length(new.bytes);
        END;
        CREATE TRIGGER totals_staged_removed AFTER DELETE ON staged_content BEGIN
            UPDATE totals SET staged = staged - 1, staged_bytes = staged_bytes - length(old.bytes);
        END;
        """,
        """
        -- Changes of repositories, in order. kind, source: ChangeKind, ChangeSource. at: the wall clock, as Unix time in milliseconds. clock: the
        -- running clock, in seconds. repository: its name at that time. The other columns are those of RegistryChange and ChangeOrigin. The rows
        -- outlive their repository, tag and manifest.
        CREATE TABLE changes (
            sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
            kind          INTEGER NOT NULL,
            at            INTEGER NOT NULL,
            clock         INTEGER NOT NULL,
            source        INTEGER NOT NULL,
            actor         TEXT,
            request       TEXT,
            address       TEXT,
            client        TEXT,
            reason        TEXT,
            repository_id INTEGER NOT NULL,
            repository    TEXT    NOT NULL,
            tag           TEXT,
            digest        TEXT,
            previous      TEXT,
            media_type    TEXT,
            size          INTEGER
        ) STRICT;
        CREATE INDEX changes_by_tag ON changes (repository_id, tag) WHERE tag IS NOT NULL;

        -- Last change whose effect is durable, of each consumer.
        CREATE TABLE change_consumers (
            name     TEXT    PRIMARY KEY,
            position INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO change_consumers (name, position) VALUES ('tree', 0);

        -- What the tree does not have yet. The origin was not recorded.
        INSERT INTO changes (kind, at, clock, source, repository_id, repository, tag, digest) SELECT
            j.change, 1000 * unixepoch(), COALESCE((SELECT value FROM meta WHERE key = 'running_seconds'), 0), 0,
            COALESCE((SELECT id FROM repositories WHERE name = j.repository), 0), j.repository, j.tag, j.digest
        FROM tree_journal j ORDER BY j.id;
        DROP TABLE tree_journal;
        """,
        """
        -- Changes of tags and manifests that were made: a restore only repeats them.
        ALTER TABLE totals ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
        UPDATE totals SET changes = (SELECT COUNT(*) FROM changes WHERE kind BETWEEN 3 AND 6 AND source <> 4);
        CREATE TRIGGER totals_change_added AFTER INSERT ON changes WHEN new.kind BETWEEN 3 AND 6 AND new.source <> 4 BEGIN
            UPDATE totals SET changes = changes + 1;
        END;
        CREATE TRIGGER totals_change_removed AFTER DELETE ON changes WHEN old.kind BETWEEN 3 AND 6 AND old.source <> 4 BEGIN
            UPDATE totals SET changes = changes - 1;
        END;

        -- Repositories whose changes after a position wait, of each consumer, while its own position moves on.
        CREATE TABLE change_held (
            repository TEXT    NOT NULL,
            consumer   TEXT    NOT NULL,
            position   INTEGER NOT NULL,
            PRIMARY KEY (repository, consumer)
        ) STRICT, WITHOUT ROWID;

        -- Manifests that were added or removed, and have further referrers, after the row settled_to, that are not held or released yet. A later
        -- push or deletion of the same manifest has another id, and an id is never used again.
        CREATE TABLE unsettled_subjects (
            id            INTEGER PRIMARY KEY AUTOINCREMENT,
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            subject       TEXT    NOT NULL,
            settled_to    INTEGER NOT NULL,
            UNIQUE (repository_id, subject)
        ) STRICT;
        """,
        """
        -- Earlier programs kept in memory what they promised to clients. A killed one has lost it, so that everything idle may be promised.
        UPDATE blob_links SET idle_since = (SELECT value FROM meta WHERE key = 'running_seconds')
        WHERE idle_since < (SELECT value FROM meta WHERE key = 'running_seconds')
        AND EXISTS (SELECT 1 FROM meta WHERE key = 'promises_lost_at' OR (key = 'stopped_cleanly' AND value = 0));
        UPDATE manifests SET idle_since = (SELECT value FROM meta WHERE key = 'running_seconds')
        WHERE idle_since < (SELECT value FROM meta WHERE key = 'running_seconds')
        AND EXISTS (SELECT 1 FROM meta WHERE key = 'promises_lost_at' OR (key = 'stopped_cleanly' AND value = 0));
        DELETE FROM meta WHERE key = 'promises_lost_at';
        """,
        """
        -- Key of the bytes in a store that chooses keys; NULL in one that finds them by their digest.
        ALTER TABLE content ADD COLUMN place TEXT;
        """,
        """
        -- network: from which the upload was begun, as the text of ClientNetwork; NULL if it is unknown. position: number of received bytes when the row
        -- was last saved; the file may have more. hash_state: that of the bytes up to there, for an engine that cannot hash them again. process: the one
        -- that may write to the upload. generation: number of the processes that have held it.
        ALTER TABLE uploads ADD COLUMN network TEXT;
        ALTER TABLE uploads ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE uploads ADD COLUMN hash_state BLOB;
        ALTER TABLE uploads ADD COLUMN process TEXT NOT NULL DEFAULT '';
        ALTER TABLE uploads ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;

        -- Numbers of uploads in progress, kept up to date by triggers. kind: 0 all (name ''), 1 of a user, 2 of callers without credentials in a network
        -- ('' for an unknown one), 3 of all callers in a network.
        CREATE TABLE upload_counts (
            kind  INTEGER NOT NULL,
            name  TEXT    NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (kind, name)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO upload_counts (kind, name, count) SELECT 0, '', COUNT(*) FROM uploads;
        INSERT INTO upload_counts (kind, name, count) SELECT iif(owner IS NULL, 2, 1), COALESCE(owner, ''), COUNT(*) FROM uploads GROUP BY owner;
        CREATE TRIGGER upload_counts_added AFTER INSERT ON uploads BEGIN
            INSERT INTO upload_counts (kind, name, count)
            SELECT 0, '', 1
            UNION ALL SELECT iif(new.owner IS NULL, 2, 1), COALESCE(new.owner, new.network, ''), 1
            UNION ALL SELECT 3, new.network, 1 WHERE new.network IS NOT NULL
            ON CONFLICT (kind, name) DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER upload_counts_removed AFTER DELETE ON uploads BEGIN
            UPDATE upload_counts SET count = count - 1 WHERE kind = 0 AND name = '';
            UPDATE upload_counts SET count = count - 1
            WHERE kind = iif(old.owner IS NULL, 2, 1) AND name = COALESCE(old.owner, old.network, '');
            UPDATE upload_counts SET count = count - 1 WHERE kind = 3 AND name = old.network;
            DELETE FROM upload_counts
            WHERE kind = iif(old.owner IS NULL, 2, 1) AND name = COALESCE(old.owner, old.network, '') AND count = 0;
            DELETE FROM upload_counts WHERE kind = 3 AND name = old.network AND count = 0;
        END;
        """,
        """
        -- Objects of a store that chooses keys, each from before its first byte is sent until it is gone. upload: the one in progress that it belongs to.
        -- multipart: id of the multipart upload that becomes the object. due: running second from which the object is to be deleted; NULL for never.
        CREATE TABLE object_keys (
            key       TEXT PRIMARY KEY,
            upload    TEXT,
            multipart TEXT,
            due       INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX object_keys_by_upload ON object_keys (upload) WHERE upload IS NOT NULL;
        CREATE INDEX object_keys_by_due ON object_keys (due) WHERE due IS NOT NULL;
        CREATE INDEX content_by_place ON content (place) WHERE place IS NOT NULL;

        -- What the store has of an upload. holder: the process that may change it. generation: number of the processes that have had it. key, multipart: of
        -- the object that its parts become. reserved: highest number of a part that may have been sent. rest: key of the bytes after the parts.
        CREATE TABLE upload_objects (
            upload      TEXT PRIMARY KEY,
            holder      TEXT    NOT NULL,
            generation  INTEGER NOT NULL,
            key         TEXT,
            multipart   TEXT,
            reserved    INTEGER NOT NULL DEFAULT 0,
            rest        TEXT,
            rest_length INTEGER NOT NULL DEFAULT 0,
            is_joining  INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE upload_parts (
            upload TEXT    NOT NULL,
            number INTEGER NOT NULL,
            length INTEGER NOT NULL,
            tag    TEXT    NOT NULL,
            PRIMARY KEY (upload, number)
        ) STRICT, WITHOUT ROWID;
        """,
        """
        -- Why a manifest is gone. Only removals are in it, so a push does not write it.
        CREATE INDEX changes_of_removals ON changes (repository_id, digest) WHERE kind = 4;
        """,
        TrashMigration.Sql,
        """
        -- is_deleted: 1 after the repository was deleted as a whole, until it gets a manifest again. new_name: of a repository that was renamed.
        ALTER TABLE repositories ADD COLUMN is_deleted INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE changes ADD COLUMN new_name TEXT;

        -- Where a name has gone. Only renames are in it, so a push does not write it.
        CREATE INDEX changes_of_renames ON changes (repository) WHERE kind = 8;
        """,
        SpaceMigration.Sql,
        InventoryMigration.Sql,
        WebSessionMigration.Sql,
        ActivityMigration.Sql,
        SpaceMigration.Order,
        MirrorMigration.Sql,
        PolicyMigration.Sql,
        RetentionMigration.Sql,
        EventMigration.Sql,
    ];
}
