using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Core.Pulls;
using Registry.Storage.Postgres.Repositories;
using Registry.Storage.Postgres.Rows;
using Registry.Storage.Postgres.Schema;

namespace Registry.Storage.Postgres.Mirroring;

/// <summary>Statements about mirrored repositories; those that change their content or their upstream need the lock of the repository.</summary>
internal static class MirrorRows
{
    /// <summary>Collects the query of the row of a repository, and its upstream.</summary>
    public static List<(long Id, string? Upstream)> Ask(PostgresSession session, RepositoryName repository) => session.Ask(
        "SELECT id, upstream FROM repositories WHERE name = $1", row => (row.GetInt64(0), ContentRows.ReadText(row, 1)), repository.Value);

    /// <summary>
    /// Collects the statements that add a repository that a change adds content to, if it is not there, and read its row. Older programs would treat a mirrored one as others,
    /// so none can use the database from then on.
    /// </summary>
    public static List<(long Id, string? Upstream)> Open(PostgresSession session, RepositoryName repository, ChangeOrigin origin)
    {
        if (origin.Upstream is not null)
        {
            session.Queue("UPDATE meta SET value = $1 WHERE key = $2 AND value < $1", (long)SchemaStep.OfMirrors, PostgresSchema.OldestKey);
        }

        // As ContentRows.AddRepository.
        session.Queue(
            "INSERT INTO repositories (name, upstream) SELECT $1, $2::text WHERE NOT EXISTS (SELECT 1 FROM repositories WHERE name = $1) ON CONFLICT (name) DO NOTHING",
            repository.Value,
            origin.Upstream);
        return Ask(session, repository);
    }

    /// <summary>Tells whether a change may add content to a repository.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="row">Its row; none if there is no such repository.</param>
    /// <param name="origin">Origin of the change.</param>
    /// <returns>The refusal, if the repository has content of another origin; null if the change may go on.</returns>
    public static async Task<RegistryError?> FindRefusalAsync(
        PostgresSession session, RepositoryName repository, List<(long Id, string? Upstream)> row, ChangeOrigin origin)
    {
        if (row.Count == 0 || row[0].Upstream == origin.Upstream)
        {
            return null;
        }

        var held = RepositoryRows.AskHeld(session, repository);
        await session.SendAsync();
        return held is [var (_, hasManifests, hasBlobs, trashed)] && (hasManifests || hasBlobs || trashed > 0) ? MirrorRefusal.Of(repository, row[0].Upstream) : null;
    }

    /// <summary>Makes a repository without content mirrored, or local, for a change that adds content to it. Needs the lock of the repository alone.</summary>
    /// <inheritdoc cref="FindRefusalAsync"/>
    public static async Task<RegistryError?> TakeAsync(
        PostgresSession session, RepositoryName repository, List<(long Id, string? Upstream)> row, ChangeOrigin origin)
    {
        if (await FindRefusalAsync(session, repository, row, origin) is { } refused)
        {
            return refused;
        }

        if (row[0].Upstream != origin.Upstream)
        {
            session.Queue("UPDATE repositories SET upstream = $2::text WHERE id = $1", row[0].Id, origin.Upstream);
        }

        return null;
    }

    /// <summary>Finds the upstream of a repository; null if it is local, or does not exist.</summary>
    public static Task<string?> FindUpstreamAsync(PostgresSession session, RepositoryName repository) => session.FirstAsync(
        "SELECT upstream FROM repositories WHERE name = $1 AND (NOT is_deleted OR has_manifests)", row => ContentRows.ReadText(row, 0), repository.Value);

    /// <summary>Finds a repository of a range that has content and another upstream, or none; null if there is none.</summary>
    public static async Task<RepositoryName?> FindOtherAsync(PostgresSession session, RepositoryRange range, string upstream)
    {
        var local = session.Ask(
            """
            SELECT r.name FROM repositories r WHERE r.upstream IS NULL AND r.name >= $1 AND r.name < $2
            AND (r.has_manifests OR (SELECT content_id FROM blob_links WHERE repository_id = r.id ORDER BY content_id LIMIT 1) IS NOT NULL
                OR (SELECT id FROM trash WHERE repository_id = r.id ORDER BY id LIMIT 1) IS NOT NULL)
            LIMIT 1
            """,
            row => RepositoryName.Parse(row.GetString(0)),
            range.Start,
            range.End);
        var mirrored = session.Ask(
            """
            SELECT o.name FROM (SELECT DISTINCT upstream FROM mirror_totals WHERE upstream <> $3) u, LATERAL (
                SELECT r.name FROM repositories r WHERE r.upstream = u.upstream AND r.name >= $1 AND r.name < $2
                AND (r.has_manifests OR (SELECT content_id FROM blob_links WHERE repository_id = r.id ORDER BY content_id LIMIT 1) IS NOT NULL
                    OR (SELECT id FROM trash WHERE repository_id = r.id ORDER BY id LIMIT 1) IS NOT NULL)
                LIMIT 1) o
            LIMIT 1
            """,
            row => RepositoryName.Parse(row.GetString(0)),
            range.Start,
            range.End,
            upstream);
        await session.SendAsync();
        return local.Concat(mirrored).Select(name => (RepositoryName?)name).FirstOrDefault();
    }

    /// <summary>Finds the Unix time in seconds at which the upstream was last asked for a tag; null if there is no such tag, or the upstream was never asked.</summary>
    public static Task<long?> FindCheckAsync(PostgresSession session, RepositoryName repository, Tag tag) => session.NumberAsync(
        "SELECT checked_at FROM tag_checks WHERE repository_id = (SELECT id FROM repositories WHERE name = $1) AND tag = $2", repository.Value, tag.Value);

    /// <summary>
    /// Collects the statement that records that upstreams were asked for tags, each once. A recorded time stays if it is later, but not one that is later than now, of a clock
    /// that was wrong. The lock keeps the tags where they are, and such as go meanwhile are left out.
    /// </summary>
    public static void Record(PostgresSession session, IReadOnlyCollection<TagCheck> checks, long now) => session.Queue(
        """
        WITH checked AS (
            SELECT t.repository_id, t.name, u.at FROM unnest($1, $2, $3) u (repository, tag, at)
            JOIN tags t ON t.repository_id = (SELECT id FROM repositories r WHERE r.name = u.repository AND r.upstream IS NOT NULL) AND t.name = u.tag
            ORDER BY t.repository_id, t.name FOR KEY SHARE OF t)
        INSERT INTO tag_checks AS k (repository_id, tag, checked_at) SELECT repository_id, name, at FROM checked
        ON CONFLICT (repository_id, tag) DO UPDATE SET checked_at = excluded.checked_at WHERE k.checked_at < excluded.checked_at OR k.checked_at > $4
        """,
        checks.Select(check => check.Repository.Value).ToArray(),
        checks.Select(check => check.Tag.Value).ToArray(),
        checks.Select(check => check.Time.ToUnixTimeSeconds()).ToArray(),
        now);

    /// <summary>Collects the statement that records that clients have pulled manifests, each once, as <see cref="Record(PostgresSession, IReadOnlyCollection{TagCheck}, long)"/> does.</summary>
    public static void Record(PostgresSession session, IReadOnlyCollection<ManifestPull> pulls, long now) => session.Queue(
        """
        WITH pulled AS (
            SELECT p.manifest_id, u.at FROM unnest($1, $2, $3) u (repository, digest, at), LATERAL (
                SELECT m.id FROM manifests m WHERE m.repository_id = (SELECT id FROM repositories WHERE name = u.repository)
                AND m.content_id = (SELECT id FROM content c WHERE c.digest = u.digest) OFFSET 0) f
            JOIN mirrored_manifests p ON p.manifest_id = f.id
            WHERE p.pulled_at < u.at OR p.pulled_at > $4 ORDER BY p.manifest_id FOR UPDATE OF p)
        UPDATE mirrored_manifests p SET pulled_at = d.at FROM pulled d WHERE p.manifest_id = d.manifest_id
        """,
        pulls.Select(pull => pull.Repository.Value).ToArray(),
        pulls.Select(pull => pull.Digest.Value).ToArray(),
        pulls.Select(pull => pull.Time.ToUnixTimeSeconds()).ToArray(),
        now);

    /// <summary>Lists manifests of the repositories of an upstream, the least recently pulled first.</summary>
    public static Task<List<ManifestPull>> ListOldestAsync(PostgresSession session, string upstream, int limit) => session.AllAsync(
        """
        SELECT m.name, m.digest, p.pulled_at FROM mirrored_manifests p, LATERAL (
            SELECT (SELECT name FROM repositories WHERE id = f.repository_id), (SELECT digest FROM content WHERE id = f.content_id)
            FROM manifests f WHERE f.id = p.manifest_id OFFSET 0) m (name, digest)
        WHERE p.upstream = $1 ORDER BY p.pulled_at, p.manifest_id LIMIT $2
        """,
        row => new ManifestPull(
            RepositoryName.Parse(row.GetString(0)), Digest.Parse(row.GetString(1)), DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(2))),
        upstream,
        limit);

    /// <summary>Reads what the repositories of an upstream hold. One statement sees a fold as a whole or not at all.</summary>
    public static Task<MirrorUse> ReadUseAsync(PostgresSession session, string upstream) => session.FirstAsync(
        """
        SELECT coalesce(sum(repositories), 0)::bigint, coalesce(sum(manifests), 0)::bigint, coalesce(sum(bytes), 0)::bigint FROM mirror_totals WHERE upstream = $1
        """,
        row => new MirrorUse(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)),
        upstream);

    /// <summary>Collects the statement that folds the rows of each upstream that has more than one. Folds wait for each other.</summary>
    public static void Fold(PostgresSession session) => session.Queue(
        """
        WITH folded AS (
            DELETE FROM mirror_totals WHERE upstream IN (SELECT upstream FROM mirror_totals GROUP BY upstream HAVING count(*) > 1)
            RETURNING upstream, repositories, manifests, bytes)
        INSERT INTO mirror_totals (upstream, repositories, manifests, bytes)
        SELECT upstream, sum(repositories), sum(manifests), sum(bytes) FROM folded GROUP BY upstream
        """);

    /// <summary>
    /// Finds the row of a repository and of the content that its manifest refers to; the default if the manifest is not there, or was pulled at a time, in Unix seconds, or
    /// later.
    /// </summary>
    public static Task<(long Repository, long[] Content)> FindUnusedAsync(PostgresSession session, RepositoryName repository, Digest digest, long pulledBefore) =>
        session.FirstAsync(
            """
            SELECT m.repository_id, ARRAY(SELECT content_id FROM manifest_references WHERE manifest_id = m.id)
            FROM content c JOIN manifests m ON m.content_id = c.id AND m.repository_id = (SELECT id FROM repositories WHERE name = $1)
            JOIN mirrored_manifests p ON p.manifest_id = m.id WHERE c.digest = $2 AND p.pulled_at < $3
            """,
            row => (row.GetInt64(0), row.GetFieldValue<long[]>(1)),
            repository.Value,
            digest.Value,
            pulledBefore);
}
