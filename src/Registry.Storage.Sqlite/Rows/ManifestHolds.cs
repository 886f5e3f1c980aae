using Registry.Core.Oci;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>
/// Maintains the columns <c>idle_since</c> and <c>is_root</c> of manifests, inside the caller's savepoint. A manifest is held by a tag, by a
/// manifest of its repository that refers to it, and by its subject, if that is in the repository. Manifests in the trash hold as the others do. The referrers of a
/// subject follow it in turns (<see cref="SubjectRows"/>). A mirrored repository holds all of its manifests, until they are evicted.
/// </summary>
internal static class ManifestHolds
{
    /// <summary>Records that a manifest has a tag.</summary>
    public static void Hold(SqliteSession session, long manifestId) =>
        session.Execute("UPDATE manifests SET idle_since = NULL WHERE id = @1 AND idle_since IS NOT NULL", manifestId);

    /// <summary>Makes a manifest that was pushed again a root, and restarts its idle time.</summary>
    public static void Renew(SqliteSession session, long manifestId, long now, long unixTime) => session.Execute(
        "UPDATE manifests SET is_root = 1, pushed_at = @3, idle_since = CASE WHEN idle_since IS NULL THEN NULL ELSE @2 END WHERE id = @1",
        manifestId,
        now,
        unixTime);

    /// <summary>Restarts the idle time of a manifest, if it is idle, as <see cref="ContentRows.TouchLink"/> does.</summary>
    public static void Touch(SqliteSession session, long manifestId, long now) => session.Execute(
        "UPDATE manifests SET idle_since = @2 WHERE id = @1 AND idle_since < @2", manifestId, now);

    /// <summary>Records that a new manifest holds those it refers to.</summary>
    public static void HoldChildren(SqliteSession session, long manifestId, long repositoryId) => session.Execute(
        """
        UPDATE manifests SET idle_since = NULL WHERE repository_id = @1 AND idle_since IS NOT NULL
        AND content_id IN (SELECT content_id FROM manifest_references WHERE manifest_id = @2)
        """,
        repositoryId,
        manifestId);

    /// <summary>Records that an existing subject holds some of its referrers.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="repositoryId">Row of the repository.</param>
    /// <param name="subject">The subject.</param>
    /// <param name="after">Row before the first of them.</param>
    /// <param name="last">Row of the last of them.</param>
    public static void HoldReferrers(SqliteSession session, long repositoryId, Digest subject, long after, long last) => session.Execute(
        "UPDATE manifests SET idle_since = NULL WHERE repository_id = @1 AND subject = @2 AND id > @3 AND id <= @4 AND idle_since IS NOT NULL",
        repositoryId,
        subject.Value,
        after,
        last);

    /// <summary>Begins the idle time of a manifest that has lost a tag, unless something else holds it.</summary>
    public static void ReleaseTagged(SqliteSession session, long manifestId, long now) => session.Execute(
        """
        UPDATE manifests SET idle_since = @2 WHERE id = @1 AND idle_since IS NULL
        AND NOT EXISTS (SELECT 1 FROM repositories r WHERE r.id = manifests.repository_id AND r.upstream IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM tags WHERE manifest_id = manifests.id)
        AND NOT EXISTS (
            SELECT 1 FROM held_content f WHERE f.content_id = manifests.content_id AND f.repository_id = manifests.repository_id)
        AND NOT EXISTS (
            SELECT 1 FROM content c JOIN kept_manifests s ON s.repository_id = manifests.repository_id AND s.content_id = c.id
            WHERE c.digest = manifests.subject)
        """,
        manifestId,
        now);

    /// <summary>
    /// Begins the idle time of the manifests that a removed one referred to, unless something else holds them. If the removed one was an index,
    /// they are no longer roots.
    /// </summary>
    /// <param name="session">The transaction.</param>
    /// <param name="repositoryId">Row of the repository.</param>
    /// <param name="contentIds">JSON array of the rows of their bytes.</param>
    /// <param name="wasIndex">True if an index was removed.</param>
    /// <param name="now">The running clock.</param>
    public static void ReleaseChildren(SqliteSession session, long repositoryId, string contentIds, bool wasIndex, long now) => session.Execute(
        """
        UPDATE manifests SET is_root = CASE WHEN @3 THEN 0 ELSE is_root END, idle_since = CASE
            WHEN EXISTS (SELECT 1 FROM tags WHERE manifest_id = manifests.id) THEN NULL
            WHEN EXISTS (SELECT 1 FROM held_content f WHERE f.content_id = manifests.content_id AND f.repository_id = @1) THEN NULL
            WHEN EXISTS (
                SELECT 1 FROM content c JOIN kept_manifests s ON s.repository_id = manifests.repository_id AND s.content_id = c.id
                WHERE c.digest = manifests.subject)
            THEN NULL
            ELSE @4
        END
        WHERE repository_id = @1 AND content_id IN (SELECT value FROM json_each(@2))
        AND NOT EXISTS (SELECT 1 FROM repositories r WHERE r.id = @1 AND r.upstream IS NOT NULL)
        """,
        repositoryId,
        contentIds,
        wasIndex,
        now);

    /// <summary>Begins the idle time of some referrers of a removed subject, unless something else holds them. They are no longer roots.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="repositoryId">Row of the repository.</param>
    /// <param name="subject">The subject.</param>
    /// <param name="after">Row before the first of them.</param>
    /// <param name="last">Row of the last of them.</param>
    /// <param name="now">The running clock.</param>
    public static void ReleaseReferrers(SqliteSession session, long repositoryId, Digest subject, long after, long last, long now) => session.Execute(
        """
        UPDATE manifests SET is_root = 0, idle_since = CASE
            WHEN EXISTS (SELECT 1 FROM tags WHERE manifest_id = manifests.id) THEN NULL
            WHEN EXISTS (
                SELECT 1 FROM held_content f WHERE f.content_id = manifests.content_id AND f.repository_id = manifests.repository_id)
            THEN NULL
            ELSE @5
        END
        WHERE repository_id = @1 AND subject = @2 AND id > @3 AND id <= @4
        AND NOT EXISTS (SELECT 1 FROM repositories r WHERE r.id = @1 AND r.upstream IS NOT NULL)
        """,
        repositoryId,
        subject.Value,
        after,
        last,
        now);
}
