PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('running_seconds',2);
INSERT INTO meta VALUES('stopped_cleanly',0);
INSERT INTO meta VALUES('tree_indexed',1);
CREATE TABLE repositories (
    id             INTEGER PRIMARY KEY,
    name           TEXT    NOT NULL UNIQUE,
    manifest_count INTEGER NOT NULL DEFAULT 0,
    pinned         INTEGER NOT NULL DEFAULT 0   -- 1: holds something unreadable, so its links never expire
) STRICT;
CREATE TABLE content (
    id     INTEGER PRIMARY KEY,
    digest TEXT    NOT NULL UNIQUE,
    size   INTEGER NOT NULL DEFAULT 0,
    state  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE blob_links (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    content_id    INTEGER NOT NULL REFERENCES content (id),
    idle_since    INTEGER,
    PRIMARY KEY (repository_id, content_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE manifests (
    id            INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    content_id    INTEGER NOT NULL REFERENCES content (id),
    media_type    TEXT    NOT NULL,
    artifact_type TEXT,
    subject       TEXT,
    annotations   TEXT, idle_since INTEGER, is_root INTEGER NOT NULL DEFAULT 1, pushed_at INTEGER NOT NULL DEFAULT 0,
    UNIQUE (repository_id, content_id)
) STRICT;
CREATE TABLE manifest_references (
    manifest_id   INTEGER NOT NULL REFERENCES manifests (id),
    content_id    INTEGER NOT NULL REFERENCES content (id),
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    PRIMARY KEY (manifest_id, content_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE tags (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    name          TEXT    NOT NULL,
    manifest_id   INTEGER NOT NULL REFERENCES manifests (id),
    PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE tag_history (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    tag           TEXT    NOT NULL,
    manifest_id   INTEGER NOT NULL REFERENCES manifests (id),
    set_at        INTEGER NOT NULL,              -- Unix time, seconds
    PRIMARY KEY (repository_id, tag, manifest_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE uploads (
    id         TEXT PRIMARY KEY,
    repository TEXT NOT NULL,
    owner      TEXT,
    algorithm  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO uploads VALUES('49f42125-24e7-49ea-ad30-6c7245b5d353','team/app',NULL,'sha256');
INSERT INTO uploads VALUES('8410d77e-d559-4c38-81d3-401573541e97','team/app',NULL,'sha256');
INSERT INTO uploads VALUES('bb92642c-553d-492f-a152-0766fa0d38f7','team/app','alice','sha256');
CREATE TABLE totals (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    blobs     INTEGER NOT NULL,
    stored    INTEGER NOT NULL,
    logical   INTEGER NOT NULL,
    manifests INTEGER NOT NULL
, repositories INTEGER NOT NULL DEFAULT 0, tags INTEGER NOT NULL DEFAULT 0, untagged INTEGER NOT NULL DEFAULT 0, staged INTEGER NOT NULL DEFAULT 0, staged_bytes INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO totals VALUES(1,0,0,0,0,0,0,0,0,0);
CREATE TABLE staged_content (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    content_id INTEGER NOT NULL UNIQUE REFERENCES content (id) ON DELETE CASCADE,
    bytes      BLOB    NOT NULL
) STRICT;
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
CREATE TABLE change_consumers (
    name     TEXT    PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO change_consumers VALUES('tree',0);
CREATE TABLE unsettled_subjects (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    subject       TEXT    NOT NULL,
    settled_to    INTEGER NOT NULL,
    UNIQUE (repository_id, subject)
) STRICT;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('changes',0);
CREATE INDEX repositories_with_manifests ON repositories (name) WHERE manifest_count > 0;
CREATE INDEX content_without_links ON content (state, id) WHERE state >= 2;
CREATE INDEX blob_links_idle ON blob_links (idle_since) WHERE idle_since IS NOT NULL;
CREATE INDEX manifests_by_subject ON manifests (repository_id, subject) WHERE subject IS NOT NULL;
CREATE INDEX manifest_references_by_content ON manifest_references (content_id, repository_id);
CREATE INDEX tags_by_manifest ON tags (manifest_id);
CREATE INDEX tag_history_by_manifest ON tag_history (manifest_id);
CREATE INDEX blob_links_by_content ON blob_links (content_id, idle_since);
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
CREATE INDEX manifests_idle ON manifests (is_root, idle_since) WHERE idle_since IS NOT NULL;
CREATE INDEX manifests_by_content ON manifests (content_id, idle_since);
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
CREATE TRIGGER totals_staged_added AFTER INSERT ON staged_content BEGIN
    UPDATE totals SET staged = staged + 1, staged_bytes = staged_bytes + length(new.bytes);
END;
CREATE TRIGGER totals_staged_removed AFTER DELETE ON staged_content BEGIN
    UPDATE totals SET staged = staged - 1, staged_bytes = staged_bytes - length(old.bytes);
END;
CREATE INDEX changes_by_tag ON changes (repository_id, tag) WHERE tag IS NOT NULL;
COMMIT;
PRAGMA user_version = 8;
