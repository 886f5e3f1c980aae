namespace Registry.Storage.Postgres.Schema;

/// <summary>The step that makes what the mirror needs.</summary>
internal static class MirrorTables
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        LOCK TABLE repositories, content, blob_links, manifests, tags;

        -- upstream: from which the repository is mirrored; NULL for a local one. The manifests of a mirrored one never have an idle_since: they go when they are evicted.
        ALTER TABLE repositories ADD COLUMN upstream text COLLATE "C";
        CREATE INDEX repositories_by_upstream ON repositories (upstream, name);

        -- Manifests of mirrored repositories, in the order of their last pull. pulled_at: Unix time in seconds; at first that of the push.
        CREATE TABLE mirrored_manifests (
            manifest_id bigint PRIMARY KEY REFERENCES manifests (id) ON DELETE CASCADE,
            upstream    text   NOT NULL COLLATE "C",
            pulled_at   bigint NOT NULL
        );
        CREATE INDEX mirrored_manifests_by_pull ON mirrored_manifests (upstream, pulled_at, manifest_id);

        -- When upstreams were last asked for tags, as Unix time in seconds.
        CREATE TABLE tag_checks (
            repository_id bigint NOT NULL,
            tag           text   NOT NULL COLLATE "C",
            checked_at    bigint NOT NULL,
            PRIMARY KEY (repository_id, tag),
            FOREIGN KEY (repository_id, tag) REFERENCES tags (repository_id, name) ON DELETE CASCADE
        );

        -- What the repositories of each upstream hold: the sum of its rows, to which triggers add others, as to total_deltas. A node folds them into one from time to time.
        -- repositories: those that have a manifest. bytes: counted once for each repository. A repository gets another upstream only while it has no content.
        CREATE TABLE mirror_totals (
            upstream     text   NOT NULL COLLATE "C",
            repositories bigint NOT NULL DEFAULT 0,
            manifests    bigint NOT NULL DEFAULT 0,
            bytes        bigint NOT NULL DEFAULT 0
        );
        CREATE INDEX mirror_totals_by_upstream ON mirror_totals (upstream);

        CREATE FUNCTION count_mirrored_manifests() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO mirror_totals (upstream, manifests, bytes)
            SELECT r.upstream, TG_ARGV[0]::bigint * count(*), TG_ARGV[0]::bigint * sum(c.size)
            FROM counted m JOIN repositories r ON r.id = m.repository_id JOIN content c ON c.id = m.content_id WHERE r.upstream IS NOT NULL GROUP BY r.upstream;
            RETURN NULL;
        END $$;
        CREATE TRIGGER mirrored_manifests_removed AFTER DELETE ON manifests REFERENCING OLD TABLE AS counted EXECUTE FUNCTION count_mirrored_manifests('-1');
        CREATE FUNCTION note_mirrored_manifests() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO mirrored_manifests (manifest_id, upstream, pulled_at)
            SELECT m.id, r.upstream, m.pushed_at FROM counted m JOIN repositories r ON r.id = m.repository_id WHERE r.upstream IS NOT NULL;
            IF FOUND THEN
                INSERT INTO mirror_totals (upstream, manifests, bytes)
                SELECT r.upstream, count(*), sum(c.size)
                FROM counted m JOIN repositories r ON r.id = m.repository_id JOIN content c ON c.id = m.content_id WHERE r.upstream IS NOT NULL GROUP BY r.upstream;
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER mirrored_manifests_added AFTER INSERT ON manifests REFERENCING NEW TABLE AS counted EXECUTE FUNCTION note_mirrored_manifests();

        CREATE FUNCTION count_mirrored_links() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO mirror_totals (upstream, bytes) SELECT r.upstream, TG_ARGV[0]::bigint * sum(c.size)
            FROM counted l JOIN repositories r ON r.id = l.repository_id JOIN content c ON c.id = l.content_id WHERE r.upstream IS NOT NULL GROUP BY r.upstream;
            RETURN NULL;
        END $$;
        CREATE TRIGGER mirrored_links_added AFTER INSERT ON blob_links REFERENCING NEW TABLE AS counted EXECUTE FUNCTION count_mirrored_links('1');
        CREATE TRIGGER mirrored_links_removed AFTER DELETE ON blob_links REFERENCING OLD TABLE AS counted EXECUTE FUNCTION count_mirrored_links('-1');

        CREATE FUNCTION count_mirrored_content() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO mirror_totals (upstream, bytes) SELECT r.upstream, (NEW.size - OLD.size) * count(*) FROM (
                SELECT repository_id FROM blob_links WHERE content_id = NEW.id UNION ALL SELECT repository_id FROM manifests WHERE content_id = NEW.id) h
            JOIN repositories r ON r.id = h.repository_id WHERE r.upstream IS NOT NULL GROUP BY r.upstream;
            RETURN NULL;
        END $$;
        CREATE TRIGGER mirrored_content_changed AFTER UPDATE ON content FOR EACH ROW
            WHEN (OLD.size <> NEW.size) EXECUTE FUNCTION count_mirrored_content();

        CREATE FUNCTION count_mirrored_repositories() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO mirror_totals (upstream, repositories) VALUES (NEW.upstream, CASE WHEN NEW.has_manifests THEN 1 ELSE -1 END);
            RETURN NULL;
        END $$;
        CREATE TRIGGER mirrored_repository_changed AFTER UPDATE ON repositories FOR EACH ROW
            WHEN (NEW.upstream IS NOT NULL AND OLD.has_manifests <> NEW.has_manifests) EXECUTE FUNCTION count_mirrored_repositories();
        """;
}
