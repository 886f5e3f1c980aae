PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('stopped_cleanly',0);
INSERT INTO meta VALUES('tree_indexed',1);
CREATE TABLE repositories (
    id             INTEGER PRIMARY KEY,
    name           TEXT    NOT NULL UNIQUE,
    manifest_count INTEGER NOT NULL DEFAULT 0,
    pinned         INTEGER NOT NULL DEFAULT 0   -- 1: holds something unreadable, so its links never expire
) STRICT;
INSERT INTO repositories VALUES(1,'team/app',2,0);
INSERT INTO repositories VALUES(2,'group/other',1,0);
CREATE TABLE content (
    id     INTEGER PRIMARY KEY,
    digest TEXT    NOT NULL UNIQUE,
    size   INTEGER NOT NULL DEFAULT 0,
    state  INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO content VALUES(1,'sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed',3,1);
INSERT INTO content VALUES(2,'sha256:ba49b19f5df8e3969e68377df3f21919b0b16f3d5b3fcb41e82557a30f292bc6',223,1);
INSERT INTO content VALUES(3,'sha256:3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3',3,1);
INSERT INTO content VALUES(4,'sha256:cc25f84d493c42e97ddb1b709b6d6be581a35e44f721c1c63a88395b0af7c34c',223,1);
CREATE TABLE blob_links (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    content_id    INTEGER NOT NULL REFERENCES content (id),
    idle_since    INTEGER,
    PRIMARY KEY (repository_id, content_id)
) STRICT, WITHOUT ROWID;
INSERT INTO blob_links VALUES(1,1,NULL);
INSERT INTO blob_links VALUES(1,3,NULL);
INSERT INTO blob_links VALUES(2,3,NULL);
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
INSERT INTO manifests VALUES(1,1,2,'application/vnd.oci.image.manifest.v1+json','application/vnd.x',NULL,NULL,3,1,1795820658);
INSERT INTO manifests VALUES(2,1,4,'application/vnd.oci.image.manifest.v1+json','application/vnd.x',NULL,NULL,NULL,1,1795820658);
INSERT INTO manifests VALUES(3,2,4,'application/vnd.oci.image.manifest.v1+json','application/vnd.x',NULL,NULL,NULL,1,1795820658);
CREATE TABLE manifest_references (
    manifest_id   INTEGER NOT NULL REFERENCES manifests (id),
    content_id    INTEGER NOT NULL REFERENCES content (id),
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    PRIMARY KEY (manifest_id, content_id)
) STRICT, WITHOUT ROWID;
INSERT INTO manifest_references VALUES(1,1,1);
INSERT INTO manifest_references VALUES(2,3,1);
INSERT INTO manifest_references VALUES(3,3,2);
CREATE TABLE tags (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    name          TEXT    NOT NULL,
    manifest_id   INTEGER NOT NULL REFERENCES manifests (id),
    PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;
INSERT INTO tags VALUES(1,'latest',2);
INSERT INTO tags VALUES(2,'1.0',3);
CREATE TABLE tag_history (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    tag           TEXT    NOT NULL,
    manifest_id   INTEGER NOT NULL REFERENCES manifests (id),
    set_at        INTEGER NOT NULL,              -- Unix time, seconds
    PRIMARY KEY (repository_id, tag, manifest_id)
) STRICT, WITHOUT ROWID;
INSERT INTO tag_history VALUES(1,'latest',1,1795820657);
INSERT INTO tag_history VALUES(1,'latest',2,1795820658);
INSERT INTO tag_history VALUES(2,'1.0',3,1795820658);
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
INSERT INTO tree_journal VALUES(1,1,'team/app',NULL,'sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed');
INSERT INTO tree_journal VALUES(2,3,'team/app',NULL,'sha256:ba49b19f5df8e3969e68377df3f21919b0b16f3d5b3fcb41e82557a30f292bc6');
INSERT INTO tree_journal VALUES(3,5,'team/app','latest','sha256:ba49b19f5df8e3969e68377df3f21919b0b16f3d5b3fcb41e82557a30f292bc6');
INSERT INTO tree_journal VALUES(4,5,'team/app','v1','sha256:ba49b19f5df8e3969e68377df3f21919b0b16f3d5b3fcb41e82557a30f292bc6');
INSERT INTO tree_journal VALUES(5,1,'team/app',NULL,'sha256:3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3');
INSERT INTO tree_journal VALUES(6,3,'team/app',NULL,'sha256:cc25f84d493c42e97ddb1b709b6d6be581a35e44f721c1c63a88395b0af7c34c');
INSERT INTO tree_journal VALUES(7,5,'team/app','latest','sha256:cc25f84d493c42e97ddb1b709b6d6be581a35e44f721c1c63a88395b0af7c34c');
INSERT INTO tree_journal VALUES(8,1,'group/other',NULL,'sha256:3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3');
INSERT INTO tree_journal VALUES(9,3,'group/other',NULL,'sha256:cc25f84d493c42e97ddb1b709b6d6be581a35e44f721c1c63a88395b0af7c34c');
INSERT INTO tree_journal VALUES(10,5,'group/other','1.0','sha256:cc25f84d493c42e97ddb1b709b6d6be581a35e44f721c1c63a88395b0af7c34c');
INSERT INTO tree_journal VALUES(11,6,'team/app','v1',NULL);
CREATE TABLE totals (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    blobs     INTEGER NOT NULL,
    stored    INTEGER NOT NULL,
    logical   INTEGER NOT NULL,
    manifests INTEGER NOT NULL
, repositories INTEGER NOT NULL DEFAULT 0, tags INTEGER NOT NULL DEFAULT 0, untagged INTEGER NOT NULL DEFAULT 0, staged INTEGER NOT NULL DEFAULT 0, staged_bytes INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO totals VALUES(1,4,452,678,3,2,2,1,2,226);
CREATE TABLE staged_content (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    content_id INTEGER NOT NULL UNIQUE REFERENCES content (id) ON DELETE CASCADE,
    bytes      BLOB    NOT NULL
) STRICT;
INSERT INTO staged_content VALUES(6,3,X'74776f');
INSERT INTO staged_content VALUES(7,4,X'7b22736368656d6156657273696f6e223a322c226d6564696154797065223a226170706c69636174696f6e2f766e642e6f63692e696d6167652e6d616e69666573742e76312b6a736f6e222c22636f6e666967223a7b226d6564696154797065223a226170706c69636174696f6e2f766e642e78222c22646967657374223a227368613235363a33666334636366653734353837306532633064393966373166333066663036353663386465646434316363316437643364333736623064626536383565326633222c2273697a65223a337d2c226c6179657273223a5b5d7d');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('staged_content',7);
INSERT INTO sqlite_sequence VALUES('tree_journal',11);
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
COMMIT;
PRAGMA user_version = 6;
