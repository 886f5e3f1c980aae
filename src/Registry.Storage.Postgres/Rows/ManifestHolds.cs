using Registry.Core.Oci;

namespace Registry.Storage.Postgres.Rows;

/// <summary>
/// Statements that maintain the columns <c>idle_since</c> and <c>is_root</c> of manifests, under the lock of the repository. A manifest is held by a tag, by a
/// manifest of its repository that refers to it, and by its subject, if that is in the repository. Manifests in the trash hold as the others do. The referrers of a
/// subject follow it in turns (<see cref="SubjectRows"/>). A mirrored repository holds all of its manifests, until they are evicted.
/// </summary>
internal static class ManifestHolds
{
    /// <summary>Records that a manifest has a tag.</summary>
    public static void Hold(PostgresSession session, long manifestId) =>
        session.Queue("UPDATE manifests SET idle_since = NULL WHERE id = $1 AND idle_since IS NOT NULL", manifestId);

    /// <summary>Makes a manifest that was pushed again a root, and restarts its idle time.</summary>
    public static void Renew(PostgresSession session, long manifestId, long unixTime) => session.Queue(
        """
        UPDATE manifests SET is_root = true, pushed_at = $2, idle_since = CASE WHEN idle_since IS NOT NULL THEN (SELECT seconds FROM clock) END WHERE id = $1
        """,
        manifestId,
        unixTime);

    /// <summary>Restarts the idle time of a manifest, if it is idle, as <see cref="ContentRows.TouchLink"/> does. Returns a row if the manifest exists.</summary>
    public static List<long> Touch(PostgresSession session, RepositoryName repository, Digest digest) => session.Ask(
        """
        UPDATE manifests m SET idle_since = CASE WHEN m.idle_since IS NOT NULL THEN greatest(m.idle_since, (SELECT seconds FROM clock)) END
        FROM content c WHERE c.digest = $2 AND m.content_id = c.id AND m.repository_id = (SELECT id FROM repositories WHERE name = $1) RETURNING m.id
        """,
        row => row.GetInt64(0),
        repository.Value,
        digest.Value);

    /// <summary>Records that a new manifest holds those it refers to.</summary>
    public static void HoldChildren(PostgresSession session, long repositoryId, long[] contentIds) => session.Queue(
        "UPDATE manifests SET idle_since = NULL WHERE repository_id = $1 AND content_id = ANY($2) AND idle_since IS NOT NULL", repositoryId, contentIds);

    /// <summary>Begins the idle time of manifests that have lost a tag, unless something else holds them.</summary>
    public static void ReleaseTagged(PostgresSession session, long[] manifestIds) => session.Queue(
        """
        UPDATE manifests m SET idle_since = (SELECT seconds FROM clock) WHERE m.id = ANY($1) AND m.idle_since IS NULL
        AND NOT EXISTS (SELECT 1 FROM repositories r WHERE r.id = m.repository_id AND r.upstream IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM tags WHERE manifest_id = m.id)
        AND NOT EXISTS (SELECT 1 FROM held_content f WHERE f.content_id = m.content_id AND f.repository_id = m.repository_id)
        AND NOT EXISTS (
            SELECT 1 FROM content c JOIN kept_manifests s ON s.repository_id = m.repository_id AND s.content_id = c.id WHERE c.digest = m.subject)
        """,
        [manifestIds]);

    /// <summary>
    /// Begins the idle time of the manifests that a removed one referred to, unless something else holds them. If the removed one was an index, they are no
    /// longer roots.
    /// </summary>
    public static void ReleaseChildren(PostgresSession session, long repositoryId, long[] contentIds, bool wasIndex) => session.Queue(
        """
        UPDATE manifests m SET is_root = m.is_root AND NOT $3, idle_since = CASE
            WHEN EXISTS (SELECT 1 FROM tags WHERE manifest_id = m.id) THEN NULL
            WHEN EXISTS (SELECT 1 FROM held_content f WHERE f.content_id = m.content_id AND f.repository_id = $1) THEN NULL
            WHEN EXISTS (
                SELECT 1 FROM content c JOIN kept_manifests s ON s.repository_id = m.repository_id AND s.content_id = c.id WHERE c.digest = m.subject)
            THEN NULL
            ELSE (SELECT seconds FROM clock)
        END
        WHERE m.repository_id = $1 AND m.content_id = ANY($2) AND (SELECT upstream FROM repositories WHERE id = $1) IS NULL
        """,
        repositoryId,
        contentIds,
        wasIndex);

    /// <summary>Records that an existing subject holds some of its referrers.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="repositoryId">Row of the repository.</param>
    /// <param name="subject">The subject.</param>
    /// <param name="after">Row before the first of them.</param>
    /// <param name="limit">Number of them.</param>
    public static void HoldReferrers(PostgresSession session, long repositoryId, Digest subject, long after, int limit) => session.Queue(
        """
        UPDATE manifests SET idle_since = NULL WHERE idle_since IS NOT NULL AND id = ANY(ARRAY(
            SELECT id FROM manifests WHERE repository_id = $1 AND subject = $2 AND id > $3 ORDER BY id LIMIT $4))
        """,
        repositoryId,
        subject.Value,
        after,
        limit);

    /// <summary>Begins the idle time of some referrers of a removed subject, unless something else holds them. They are no longer roots.</summary>
    /// <inheritdoc cref="HoldReferrers"/>
    public static void ReleaseReferrers(PostgresSession session, long repositoryId, Digest subject, long after, int limit) => session.Queue(
        """
        UPDATE manifests m SET is_root = false, idle_since = CASE
            WHEN EXISTS (SELECT 1 FROM tags WHERE manifest_id = m.id) THEN NULL
            WHEN EXISTS (SELECT 1 FROM held_content f WHERE f.content_id = m.content_id AND f.repository_id = $1) THEN NULL
            ELSE (SELECT seconds FROM clock)
        END
        WHERE m.id = ANY(ARRAY(SELECT id FROM manifests WHERE repository_id = $1 AND subject = $2 AND id > $3 ORDER BY id LIMIT $4))
        AND (SELECT upstream FROM repositories WHERE id = $1) IS NULL
        """,
        repositoryId,
        subject.Value,
        after,
        limit);
}
