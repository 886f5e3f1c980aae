using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies.Retention;
using Registry.Core.Pulls;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres.Retention;

/// <summary>Statements of the retention.</summary>
internal static class RetentionRows
{
    /// <summary>
    /// Collects the statement that records that clients have pulled manifests of repositories that are not mirrored, each once. A recorded time stays if it is later, but not one that is
    /// later than now, of a clock that was wrong. The lock keeps the manifests where they are, and such as go meanwhile are left out.
    /// </summary>
    public static void Record(PostgresSession session, IReadOnlyCollection<ManifestPull> pulls, long now) => session.Queue(
        """
        WITH pulled AS (
            SELECT m.id, u.at FROM unnest($1, $2, $3) u (repository, digest, at)
            JOIN manifests m ON m.repository_id = (SELECT id FROM repositories r WHERE r.name = u.repository AND r.upstream IS NULL)
                AND m.content_id = (SELECT id FROM content c WHERE c.digest = u.digest)
            ORDER BY m.id FOR KEY SHARE OF m)
        INSERT INTO manifest_pulls AS p (manifest_id, pulled_at) SELECT id, at FROM pulled
        ON CONFLICT (manifest_id) DO UPDATE SET pulled_at = excluded.pulled_at WHERE p.pulled_at < excluded.pulled_at OR p.pulled_at > $4
        """,
        pulls.Select(pull => pull.Repository.Value).ToArray(),
        pulls.Select(pull => pull.Digest.Value).ToArray(),
        pulls.Select(pull => pull.Time.ToUnixTimeSeconds()).ToArray(),
        now);

    /// <summary>Reads the manifests of a repository.</summary>
    public static Task<List<RetainedManifest>> ReadManifestsAsync(PostgresSession session, long repositoryId, long limit) => session.AllAsync(
        """
        SELECT m.id, c.digest, c.size, (
                SELECT s.id FROM manifests s WHERE s.repository_id = $1 AND s.content_id = (SELECT d.id FROM content d WHERE d.digest = m.subject)),
            m.pushed_at, (SELECT p.pulled_at FROM manifest_pulls p WHERE p.manifest_id = m.id), (SELECT seconds FROM clock) - m.idle_since
        FROM manifests m JOIN content c ON c.id = m.content_id WHERE m.repository_id = $1 LIMIT $2
        """,
        row => new RetainedManifest(
            row.GetInt64(0),
            Digest.Parse(row.GetString(1)),
            row.GetInt64(2),
            ContentRows.ReadNumber(row, 3),
            DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(4)),
            ContentRows.ReadNumber(row, 5) is { } pulled ? DateTimeOffset.FromUnixTimeSeconds(pulled) : null,
            ContentRows.ReadNumber(row, 6) is { } idle ? TimeSpan.FromSeconds(idle) : null),
        repositoryId,
        limit);

    /// <summary>Reads the manifests of a repository that others of it refer to.</summary>
    public static Task<List<RetainedChild>> ReadChildrenAsync(PostgresSession session, long repositoryId, long limit) => session.AllAsync(
        """
        SELECT f.manifest_id, k.id FROM manifests k, LATERAL (
            SELECT manifest_id FROM manifest_references WHERE content_id = k.content_id AND repository_id = $1 OFFSET 0) f
        WHERE k.repository_id = $1 LIMIT $2
        """,
        row => new RetainedChild(row.GetInt64(0), row.GetInt64(1)),
        repositoryId,
        limit);

    /// <summary>Reads the tags of a repository. A tag has the time in milliseconds at which it was set, and one in seconds of the last push to its manifest.</summary>
    /// <remarks>The sum keeps the planner from the index of manifests: of one with very many tags, it would read all of them for each.</remarks>
    public static Task<List<RetainedTag>> ReadTagsAsync(PostgresSession session, long repositoryId, long limit) => session.AllAsync(
        """
        SELECT t.name, t.manifest_id, greatest(t.set_at, 1000 * (
            SELECT h.set_at FROM tag_history h WHERE h.repository_id = t.repository_id AND h.tag = t.name AND h.manifest_id + 0 = t.manifest_id))
        FROM tags t WHERE t.repository_id = $1 LIMIT $2
        """,
        row => new RetainedTag(Tag.Parse(row.GetString(0)), row.GetInt64(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2))),
        repositoryId,
        limit);

    /// <summary>Tells whether a manifest is still as a retention has read it. Its row is locked, for a promise changes it without the lock of the repository.</summary>
    /// <param name="session">The transaction, which has the lock of the repository alone.</param>
    /// <param name="step">What is to be deleted.</param>
    /// <returns>The refusal; null if it is, or is gone.</returns>
    public static async Task<RegistryError?> FindChangeAsync(PostgresSession session, RetentionStep step) => await session.NumberAsync(
        """
        SELECT (m.pushed_at <> $3 OR ($4::bigint IS NOT NULL AND (m.idle_since IS NULL OR m.idle_since > (SELECT seconds FROM clock) - $4))
            OR ($5::bigint IS NOT NULL AND (EXISTS (SELECT 1 FROM manifest_pulls p WHERE p.manifest_id = m.id AND p.pulled_at >= $5)
                OR EXISTS (SELECT 1 FROM manifest_references f JOIN manifests k ON k.content_id = f.content_id AND k.repository_id = f.repository_id
                    JOIN manifest_pulls p ON p.manifest_id = k.id AND p.pulled_at >= $5 WHERE f.manifest_id = m.id)))
            OR ($6 AND (EXISTS (SELECT 1 FROM manifest_references f WHERE f.content_id = m.content_id AND f.repository_id = m.repository_id)
                OR EXISTS (SELECT 1 FROM manifests s WHERE s.repository_id = m.repository_id AND s.content_id = (SELECT d.id FROM content d WHERE d.digest = m.subject))))
            OR EXISTS (SELECT 1 FROM manifests s WHERE s.repository_id = m.repository_id
                AND s.content_id = ANY(ARRAY(SELECT d.id FROM content d WHERE d.digest = ANY($7)))))::int::bigint
        FROM manifests m WHERE m.repository_id = (SELECT id FROM repositories WHERE name = $1) AND m.content_id = (SELECT id FROM content WHERE digest = $2)
        FOR NO KEY UPDATE OF m
        """,
        step.Repository.Value,
        step.Digest.Value,
        step.PushedAt.ToUnixTimeSeconds(),
        (long?)step.Idle?.TotalSeconds,
        step.PulledBefore?.ToUnixTimeSeconds(),
        step.Tag is null,
        step.Absent.Select(digest => digest.Value).ToArray()) is 1 ? new RegistryError(RegistryErrorCode.PreconditionFailed) : null;
}
