namespace Registry.Storage.Postgres.Schema;

/// <summary>A step from one version of the schema to the next.</summary>
/// <param name="Sql">Its statements.</param>
/// <param name="Oldest">
/// Oldest version whose programs can use the database after the step. A step that only adds keeps that of the step before; one that changes or removes what older
/// programs use has a newer one, and waits until none of them runs.
/// </param>
internal sealed record SchemaStep(string Sql, int Oldest)
{
    /// <summary>First version in which the row of a process has its version.</summary>
    public const int OfProcesses = 3;

    /// <summary>
    /// First version with a trash. An older program would remove what the trash holds, so a manifest goes there only while none runs, and none can use the database from then
    /// on.
    /// </summary>
    public const int OfTrash = 6;

    /// <summary>
    /// First version that knows renames of repositories. An older program that has just read a name may use it for the rows that it had, so there are none while one runs.
    /// </summary>
    public const int OfRenames = 7;

    /// <summary>
    /// First version that knows mirrored repositories. An older program would push to them, and let their manifests expire, so none can use the database from the first of them on.
    /// </summary>
    public const int OfMirrors = 13;

    /// <summary>All steps, from an empty database to the newest version.</summary>
    public static IReadOnlyList<SchemaStep> All { get; } =
    [
        new(
            """
            -- The clock of grace periods: seconds in which at least one node has run.
            CREATE TABLE clock (
                id         bigint      PRIMARY KEY CHECK (id = 1),
                seconds    bigint      NOT NULL,
                counted_at timestamptz NOT NULL
            );
            INSERT INTO clock (id, seconds, counted_at) VALUES (1, 0, clock_timestamp());

            -- Processes of the registry, until when each runs for certain.
            CREATE TABLE processes (
                id          uuid        PRIMARY KEY,
                alive_until timestamptz NOT NULL
            );

            CREATE TABLE repositories (
                id            bigint  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
                name          text    NOT NULL UNIQUE COLLATE "C",
                has_manifests boolean NOT NULL DEFAULT false,
                pinned        boolean NOT NULL DEFAULT false       -- holds something unreadable, so its links never expire
            );
            CREATE INDEX repositories_with_manifests ON repositories (name) WHERE has_manifests;

            -- Every known digest. state: 0 mentioned by a manifest (the bytes do not exist), 1 stored, 2 orphaned (stored, nothing links to it),
            -- 3 condemned (being removed). place: key of the bytes in a store that chooses keys. bytes: small content itself.
            CREATE TABLE content (
                id     bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
                digest text   NOT NULL UNIQUE COLLATE "C",
                size   bigint NOT NULL DEFAULT 0,
                state  bigint NOT NULL DEFAULT 0,
                place  text   COLLATE "C",
                bytes  bytea  COMPRESSION lz4
            );
            CREATE INDEX content_without_links ON content (state, id) WHERE state >= 2;
            CREATE INDEX content_by_place ON content (place) WHERE place IS NOT NULL;

            -- Bytes of content that did not have its digest. The operator removes the rows.
            CREATE TABLE quarantine (
                digest   text        PRIMARY KEY COLLATE "C",
                bytes    bytea       COMPRESSION lz4 NOT NULL,
                found_at timestamptz NOT NULL
            );

            -- Blobs that a repository may see. idle_since: time since when no manifest of the repository has needed it, in seconds of the clock;
            -- NULL while one does.
            CREATE TABLE blob_links (
                repository_id bigint NOT NULL REFERENCES repositories (id),
                content_id    bigint NOT NULL REFERENCES content (id),
                idle_since    bigint,
                PRIMARY KEY (repository_id, content_id)
            );
            CREATE INDEX blob_links_by_content ON blob_links (content_id);
            CREATE INDEX blob_links_idle ON blob_links (idle_since) WHERE idle_since IS NOT NULL;

            -- A manifest is held by a tag, by a manifest of its repository that refers to it, and by its subject, when that is in the repository.
            -- idle_since: since when nothing has held it; NULL while something does. is_root: false once an index that lists it, or its subject, was
            -- deleted; then it expires when it has been idle for the grace period. pushed_at: the last push, as Unix time in seconds.
            CREATE SEQUENCE manifest_ids;
            CREATE TABLE manifests (
                id            bigint  PRIMARY KEY,
                repository_id bigint  NOT NULL REFERENCES repositories (id),
                content_id    bigint  NOT NULL REFERENCES content (id),
                media_type    text    NOT NULL,
                artifact_type text,
                subject       text    COLLATE "C",
                annotations   bytea   COMPRESSION lz4,             -- JSON in UTF-8, as it is sent
                pushed_at     bigint  NOT NULL,
                idle_since    bigint,
                is_root       boolean NOT NULL DEFAULT true,
                UNIQUE (repository_id, content_id)
            );
            CREATE INDEX manifests_by_content ON manifests (content_id);
            CREATE INDEX manifests_by_subject ON manifests (repository_id, subject, id) WHERE subject IS NOT NULL;
            CREATE INDEX manifests_idle ON manifests (is_root, idle_since) WHERE idle_since IS NOT NULL;

            -- References of a manifest: config, layers, children of an index. Not its subject.
            CREATE TABLE manifest_references (
                manifest_id   bigint NOT NULL REFERENCES manifests (id),
                content_id    bigint NOT NULL REFERENCES content (id),
                repository_id bigint NOT NULL REFERENCES repositories (id),
                PRIMARY KEY (manifest_id, content_id)
            );
            CREATE INDEX manifest_references_by_content ON manifest_references (content_id, repository_id);

            CREATE TABLE tags (
                repository_id bigint NOT NULL REFERENCES repositories (id),
                name          text   NOT NULL COLLATE "C",
                manifest_id   bigint NOT NULL REFERENCES manifests (id),
                PRIMARY KEY (repository_id, name)
            );
            CREATE INDEX tags_by_manifest ON tags (manifest_id, name);

            -- Manifests of each tag since it was created. set_at: Unix time in seconds.
            CREATE TABLE tag_history (
                repository_id bigint NOT NULL REFERENCES repositories (id),
                tag           text   NOT NULL COLLATE "C",
                manifest_id   bigint NOT NULL REFERENCES manifests (id),
                set_at        bigint NOT NULL,
                PRIMARY KEY (repository_id, tag, manifest_id)
            );
            CREATE INDEX tag_history_by_manifest ON tag_history (manifest_id);

            -- Manifests that were added or removed, and have further referrers, after the row settled_to, that are not held or released yet. A later
            -- push or deletion of the same manifest has another id.
            CREATE TABLE unsettled_subjects (
                id            bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
                repository_id bigint NOT NULL REFERENCES repositories (id),
                subject       text   NOT NULL COLLATE "C",
                settled_to    bigint NOT NULL,
                UNIQUE (repository_id, subject)
            );

            -- Sessions of uploads in progress. network: from which the upload was begun; NULL if it is unknown. position: number of received bytes when
            -- the row was last saved. hash_state: that of the bytes up to there. process: the one that has held it last, and still does if a request of
            -- it uses the upload (is_used). generation: number of the times that it was held. idle_since: last release, in seconds of the clock.
            CREATE TABLE uploads (
                id         uuid   PRIMARY KEY,
                repository text   NOT NULL,
                owner      text,
                network    text,
                algorithm  text   NOT NULL,
                process    uuid   NOT NULL,
                generation bigint NOT NULL,
                position   bigint NOT NULL DEFAULT 0,
                hash_state bytea,
                is_used    boolean NOT NULL DEFAULT false,
                idle_since bigint  NOT NULL
            );
            CREATE INDEX uploads_by_owner ON uploads (owner, network);
            CREATE INDEX uploads_by_network ON uploads (network);

            -- What a store that chooses keys has of an upload. process: the one that may change it, in which holder has it. generation: number of the holders
            -- so far. key, multipart: of the object that its parts become. reserved: highest number of a part that may have been sent. rest: key of the bytes
            -- after the parts.
            CREATE TABLE upload_objects (
                upload      uuid    PRIMARY KEY,
                process     uuid    NOT NULL,
                holder      uuid    NOT NULL,
                generation  bigint  NOT NULL,
                key         text,
                multipart   text,
                reserved    bigint  NOT NULL DEFAULT 0,
                rest        text,
                rest_length bigint  NOT NULL DEFAULT 0,
                is_joining  boolean NOT NULL DEFAULT false
            );
            CREATE TABLE upload_parts (
                upload uuid   NOT NULL REFERENCES upload_objects (upload) ON DELETE CASCADE,
                number bigint NOT NULL,
                length bigint NOT NULL,
                tag    text   NOT NULL,
                PRIMARY KEY (upload, number)
            );

            -- Objects of a store that chooses keys, each from before its first byte is sent until it is gone. upload: the one in progress that it belongs to.
            -- multipart: id of the multipart upload that becomes the object. due: second of the clock from which the object is to be deleted; NULL for
            -- never.
            CREATE TABLE object_keys (
                key       text   PRIMARY KEY COLLATE "C",
                upload    uuid   REFERENCES upload_objects (upload),
                multipart text,
                due       bigint
            );
            CREATE INDEX object_keys_by_upload ON object_keys (upload) WHERE upload IS NOT NULL;
            CREATE INDEX object_keys_by_due ON object_keys (due) WHERE due IS NOT NULL;

            -- Changes of repositories. sequence: in the order of the transactions of one repository, and of nothing else, since a transaction may commit
            -- after a later number was given. position: in the order in which consumers read them; NULL until a pass gives it, after the commit. kind,
            -- source: ChangeKind, ChangeSource. at: the wall clock, as Unix time in milliseconds. clock: in its seconds. The rows outlive
            -- their repository, tag and manifest.
            CREATE SEQUENCE change_positions;
            CREATE TABLE changes (
                sequence      bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
                position      bigint UNIQUE,
                kind          bigint NOT NULL,
                at            bigint NOT NULL,
                clock         bigint NOT NULL,
                source        bigint NOT NULL,
                actor         text,
                request       text,
                address       text,
                client        text,
                reason        text,
                repository_id bigint NOT NULL,
                repository    text   NOT NULL COLLATE "C",
                tag           text   COLLATE "C",
                digest        text,
                previous      text,
                media_type    text,
                size          bigint
            );
            CREATE INDEX changes_without_position ON changes (sequence) WHERE position IS NULL;
            CREATE INDEX changes_by_tag ON changes (repository_id, tag) WHERE tag IS NOT NULL;

            -- Last change whose effect is durable, of each consumer.
            CREATE TABLE change_consumers (
                name     text   PRIMARY KEY,
                position bigint NOT NULL
            );
            INSERT INTO change_consumers (name, position) VALUES ('tree', 0);

            -- Repositories whose changes after a position wait, of each consumer, while its own position moves on.
            CREATE TABLE change_held (
                repository text   NOT NULL COLLATE "C",
                consumer   text   NOT NULL,
                position   bigint NOT NULL,
                PRIMARY KEY (repository, consumer)
            );

            -- Turns of periodic work: when a node has last begun it, by the clock of the server.
            CREATE TABLE turns (
                work     text        PRIMARY KEY COLLATE "C",
                begun_at timestamptz NOT NULL
            );

            -- Totals of the storage: the sum of the row of totals and all rows of total_deltas. A node folds these into the row from time to time.
            CREATE TABLE totals (
                id           bigint PRIMARY KEY CHECK (id = 1),
                blobs        bigint NOT NULL DEFAULT 0,
                stored       bigint NOT NULL DEFAULT 0,            -- size of all stored content in bytes, each counted once
                logical      bigint NOT NULL DEFAULT 0,            -- counted once for each repository
                manifests    bigint NOT NULL DEFAULT 0,
                repositories bigint NOT NULL DEFAULT 0,            -- that have a manifest
                tags         bigint NOT NULL DEFAULT 0,
                untagged     bigint NOT NULL DEFAULT 0             -- manifests that nothing holds
            );
            INSERT INTO totals (id) VALUES (1);
            CREATE TABLE total_deltas (
                blobs        bigint NOT NULL DEFAULT 0,
                stored       bigint NOT NULL DEFAULT 0,
                logical      bigint NOT NULL DEFAULT 0,
                manifests    bigint NOT NULL DEFAULT 0,
                repositories bigint NOT NULL DEFAULT 0,
                tags         bigint NOT NULL DEFAULT 0,
                untagged     bigint NOT NULL DEFAULT 0
            );

            -- Triggers add the deltas: for each statement that adds or removes rows, and for each row in which a number changes.
            CREATE FUNCTION count_content() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE
                was bigint := CASE WHEN OLD.state >= 1 THEN 1 ELSE 0 END;
                is_now bigint := CASE WHEN NEW.state >= 1 THEN 1 ELSE 0 END;
            BEGIN
                INSERT INTO total_deltas (blobs, stored, logical) VALUES (
                    is_now - was,
                    is_now * coalesce(NEW.size, 0) - was * coalesce(OLD.size, 0),
                    CASE WHEN NEW.size <> OLD.size THEN (NEW.size - OLD.size) * (
                        (SELECT count(*) FROM blob_links WHERE content_id = NEW.id) + (SELECT count(*) FROM manifests WHERE content_id = NEW.id))
                    ELSE 0 END);
                RETURN NULL;
            END $$;
            CREATE TRIGGER totals_content_added AFTER INSERT ON content FOR EACH ROW WHEN (NEW.state >= 1) EXECUTE FUNCTION count_content();
            CREATE TRIGGER totals_content_changed AFTER UPDATE ON content FOR EACH ROW
                WHEN ((OLD.state >= 1) <> (NEW.state >= 1) OR OLD.size <> NEW.size) EXECUTE FUNCTION count_content();
            CREATE TRIGGER totals_content_removed AFTER DELETE ON content FOR EACH ROW WHEN (OLD.state >= 1) EXECUTE FUNCTION count_content();

            CREATE FUNCTION count_links() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO total_deltas (logical)
                SELECT TG_ARGV[0]::bigint * sum(c.size) FROM counted l JOIN content c ON c.id = l.content_id HAVING count(*) > 0;
                RETURN NULL;
            END $$;
            CREATE TRIGGER totals_links_added AFTER INSERT ON blob_links REFERENCING NEW TABLE AS counted EXECUTE FUNCTION count_links('1');
            CREATE TRIGGER totals_links_removed AFTER DELETE ON blob_links REFERENCING OLD TABLE AS counted EXECUTE FUNCTION count_links('-1');

            CREATE FUNCTION count_manifests() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO total_deltas (manifests, logical, untagged)
                SELECT TG_ARGV[0]::bigint * count(*), TG_ARGV[0]::bigint * sum(c.size), TG_ARGV[0]::bigint * count(m.idle_since)
                FROM counted m JOIN content c ON c.id = m.content_id HAVING count(*) > 0;
                RETURN NULL;
            END $$;
            CREATE TRIGGER totals_manifests_added AFTER INSERT ON manifests REFERENCING NEW TABLE AS counted EXECUTE FUNCTION count_manifests('1');
            CREATE TRIGGER totals_manifests_removed AFTER DELETE ON manifests REFERENCING OLD TABLE AS counted EXECUTE FUNCTION count_manifests('-1');

            CREATE FUNCTION count_idle() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO total_deltas (untagged) VALUES (CASE WHEN NEW.idle_since IS NULL THEN -1 ELSE 1 END);
                RETURN NULL;
            END $$;
            CREATE TRIGGER totals_manifest_held AFTER UPDATE ON manifests FOR EACH ROW
                WHEN ((OLD.idle_since IS NULL) <> (NEW.idle_since IS NULL)) EXECUTE FUNCTION count_idle();

            CREATE FUNCTION count_tags() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO total_deltas (tags) SELECT TG_ARGV[0]::bigint * count(*) FROM counted HAVING count(*) > 0;
                RETURN NULL;
            END $$;
            CREATE TRIGGER totals_tags_added AFTER INSERT ON tags REFERENCING NEW TABLE AS counted EXECUTE FUNCTION count_tags('1');
            CREATE TRIGGER totals_tags_removed AFTER DELETE ON tags REFERENCING OLD TABLE AS counted EXECUTE FUNCTION count_tags('-1');

            CREATE FUNCTION count_repositories() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO total_deltas (repositories) VALUES (CASE WHEN NEW.has_manifests THEN 1 ELSE -1 END);
                RETURN NULL;
            END $$;
            CREATE TRIGGER totals_repository_changed AFTER UPDATE ON repositories FOR EACH ROW
                WHEN (OLD.has_manifests <> NEW.has_manifests) EXECUTE FUNCTION count_repositories();

            -- Signing key of the built-in token service: an ECDSA key on P-256 in PKCS#8.
            CREATE TABLE token_key (
                id    bigint PRIMARY KEY CHECK (id = 1),
                pkcs8 bytea  NOT NULL
            );
            """,
            Oldest: 1),
        new(
            """
            -- Mark of a move to or from another storage, whose name is other: no node starts while it is here. is_moved: true after the registry was
            -- moved to the other one, false while it is being moved from there.
            CREATE TABLE migration (
                id       bigint  PRIMARY KEY CHECK (id = 1),
                is_moved boolean NOT NULL,
                other    text    NOT NULL
            );
            """,
            Oldest: 1),
        new(
            """
            -- Version of the schema that a process knows. A process that does not write it knows 2.
            ALTER TABLE processes ADD COLUMN schema bigint NOT NULL DEFAULT 2;
            """,
            Oldest: 1),
        new(
            """
            -- These find the link or the manifest of one repository, however many others have the same content, such as an empty layer. Both tables are
            -- locked first: a lock that became stronger after the work could end in a deadlock, which undoes it.
            LOCK TABLE blob_links, manifests;
            DROP INDEX blob_links_by_content;
            CREATE INDEX blob_links_by_content ON blob_links (content_id, repository_id);
            DROP INDEX manifests_by_content;
            CREATE INDEX manifests_by_content ON manifests (content_id, repository_id);
            """,
            Oldest: 1),
        new(
            """
            -- The history of a tag, in order. The sum keeps the planner from the primary key, which has the order, too: for a tag that it takes for frequent, it
            -- would search all changes from the newest on.
            CREATE INDEX changes_of_tags ON changes (repository_id, tag, (sequence + 0)) WHERE tag IS NOT NULL;
            DROP INDEX changes_by_tag;

            -- Why a manifest is gone. Only removals are in it, so a push does not write it.
            CREATE INDEX changes_of_removals ON changes (repository_id, digest, sequence) WHERE kind = 4;
            """,
            Oldest: 1),
        new(TrashTables.Sql, Oldest: 1),
        new(
            """
            -- is_deleted: true after the repository was deleted as a whole, until it gets a manifest again. new_name: of a repository that was renamed.
            ALTER TABLE repositories ADD COLUMN is_deleted boolean NOT NULL DEFAULT false;
            ALTER TABLE changes ADD COLUMN new_name text;

            -- Where a name has gone. Only renames are in it, so a push does not write it.
            CREATE INDEX changes_of_renames ON changes (repository, sequence) WHERE kind = 8;
            """,
            Oldest: 1),
        new(SpaceTables.Sql, Oldest: 1),
        new(InventoryTables.Sql, Oldest: 1),
        new(WebSessionTables.Sql, Oldest: 1),
        new(ActivityIndex.Sql, Oldest: 1),
        new(SpaceTables.Order, Oldest: 1),
        new(MirrorTables.Sql, Oldest: 1),
        new(PolicyTables.Sql, Oldest: 1),
        new(RetentionTables.Sql, Oldest: 1),
        new(EventTables.Sql, Oldest: 1),
    ];
}
