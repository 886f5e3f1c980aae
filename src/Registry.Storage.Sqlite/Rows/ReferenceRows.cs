using System.Runtime.InteropServices;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>
/// References of manifests, inside the caller's savepoint. A manifest may have thousands, and all changes wait for one writer, so each step is one
/// statement for all of them.
/// </summary>
internal static class ReferenceRows
{
    /// <summary>Finds references that the repository must have and does not.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="repositoryId">Row of the repository.</param>
    /// <param name="references">The references.</param>
    /// <param name="limit">Number at which the search ends.</param>
    public static List<string> FindMissing(SqliteSession session, long repositoryId, PushedReferences references, int limit)
    {
        // Content whose bytes are lost does not count until it is pushed again.
        var missing = references.Blobs is null
            ? []
            : session.All(
                """
                SELECT j.value FROM json_each(@2) j WHERE NOT EXISTS (
                    SELECT 1 FROM content c JOIN blob_links l ON l.repository_id = @1 AND l.content_id = c.id WHERE c.digest = j.value AND c.state = 1)
                LIMIT @3
                """,
                row => row.GetString(0),
                repositoryId,
                references.Blobs,
                limit);
        if (references.Content is not null)
        {
            missing.AddRange(session.All(
                """
                SELECT j.value FROM json_each(@2) j WHERE NOT EXISTS (
                    SELECT 1 FROM content c JOIN manifests m ON m.repository_id = @1 AND m.content_id = c.id WHERE c.digest = j.value AND c.state = 1)
                AND NOT EXISTS (
                    SELECT 1 FROM content c JOIN blob_links l ON l.repository_id = @1 AND l.content_id = c.id WHERE c.digest = j.value AND c.state = 1)
                LIMIT @3
                """,
                row => row.GetString(0),
                repositoryId,
                references.Content,
                limit - missing.Count));
        }

        return missing;
    }

    /// <summary>Adds the references of a new manifest. Links to the blobs among them are no longer idle.</summary>
    public static void Add(SqliteSession session, long manifestId, long repositoryId, PushedReferences references)
    {
        session.Execute("INSERT INTO content (digest) SELECT value FROM json_each(@1) WHERE true ON CONFLICT (digest) DO NOTHING", references.All);
        session.Execute(
            """
            INSERT INTO manifest_references (manifest_id, content_id, repository_id)
            SELECT @1, c.id, @2 FROM json_each(@3) j CROSS JOIN content c ON c.digest = j.value
            """,
            manifestId,
            repositoryId,
            references.All);
        session.Execute(
            """
            UPDATE blob_links SET idle_since = NULL WHERE repository_id = @1 AND +idle_since IS NOT NULL
            AND content_id IN (SELECT content_id FROM manifest_references WHERE manifest_id = @2)
            """,
            repositoryId,
            manifestId);
    }

    /// <summary>Content that a manifest refers to, as a JSON array.</summary>
    public static string Read(SqliteSession session, long manifestId) => JsonList.Of(CollectionsMarshal.AsSpan(
        session.All("SELECT content_id FROM manifest_references WHERE manifest_id = @1", row => row.GetInt64(0), manifestId)));

    /// <summary>Removes the references of a manifest.</summary>
    /// <returns>JSON array of the content that it referred to; null if there was none.</returns>
    public static string? Remove(SqliteSession session, long manifestId)
    {
        var removed = session.All("DELETE FROM manifest_references WHERE manifest_id = @1 RETURNING content_id", row => row.GetInt64(0), manifestId);
        return removed.Count == 0 ? null : JsonList.Of(CollectionsMarshal.AsSpan(removed));
    }

    /// <summary>Begins the grace period of what a removed manifest referred to, unless another manifest of the repository does, too.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="repositoryId">Row of the repository.</param>
    /// <param name="contentIds">JSON array of the content.</param>
    /// <param name="wasIndex">True if an index was removed.</param>
    /// <param name="now">The running clock.</param>
    public static void Release(SqliteSession session, long repositoryId, string contentIds, bool wasIndex, long now)
    {
        session.Execute(
            """
            UPDATE blob_links SET idle_since = @3 WHERE repository_id = @1 AND content_id IN (SELECT value FROM json_each(@2))
            AND NOT EXISTS (SELECT 1 FROM held_content f WHERE f.content_id = blob_links.content_id AND f.repository_id = @1)
            """,
            repositoryId,
            contentIds,
            now);
        ManifestHolds.ReleaseChildren(session, repositoryId, contentIds, wasIndex, now);
        ContentRows.OrphanUnused(session, contentIds);
    }
}
