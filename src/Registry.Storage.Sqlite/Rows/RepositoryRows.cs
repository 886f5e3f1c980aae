using Registry.Core.Oci;
using Registry.Core.Repositories;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>Statements about repositories as a whole, inside the caller's savepoint.</summary>
internal static class RepositoryRows
{
    /// <summary>Finds the row of a repository that exists; null if there is none, or it was deleted as a whole and has no manifest since.</summary>
    public static long? FindExisting(SqliteSession session, RepositoryName name) =>
        session.Number("SELECT id FROM repositories WHERE name = @1 AND (is_deleted = 0 OR manifest_count > 0)", name.Value);

    /// <summary>Reads what a repository holds; null if it does not exist.</summary>
    public static RepositorySummary? Read(SqliteSession session, RepositoryName name) => FindExisting(session, name) is not { } id ? null : session.First(
        """
        SELECT (SELECT manifest_count FROM repositories WHERE id = @1), (SELECT COUNT(*) FROM tags WHERE repository_id = @1),
            (SELECT COUNT(*) FROM blob_links WHERE repository_id = @1),
            (SELECT COALESCE(SUM(c.size), 0) FROM blob_links l CROSS JOIN content c ON c.id = l.content_id WHERE l.repository_id = @1)
                + (SELECT COALESCE(SUM(c.size), 0) FROM manifests m CROSS JOIN content c ON c.id = m.content_id
                    WHERE m.repository_id = @1 AND NOT EXISTS (SELECT 1 FROM blob_links WHERE repository_id = @1 AND content_id = m.content_id)),
            (SELECT COUNT(*) FROM trash WHERE repository_id = @1)
        """,
        row => new RepositorySummary(name, row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4)),
        id);

    /// <summary>Reads what keeps a name from being given to another repository; null if nothing does, even if there is a row of that name.</summary>
    public static (long Manifests, bool HasBlobs, long Trashed)? FindTaken(SqliteSession session, RepositoryName name)
    {
        var found = session.First(
            """
            SELECT r.manifest_count, EXISTS (SELECT 1 FROM blob_links WHERE repository_id = r.id), (SELECT COUNT(*) FROM trash WHERE repository_id = r.id)
            FROM repositories r WHERE r.name = @1
            """,
            row => (Manifests: row.GetInt64(0), HasBlobs: row.GetInt64(1) == 1, Trashed: row.GetInt64(2)),
            name.Value);
        return found == default ? null : found;
    }

    /// <summary>Name of a row; null if it has lost its name to another row (<see cref="Rename"/>).</summary>
    public static RepositoryName? FindName(SqliteSession session, long id) =>
        session.First<RepositoryName?>("SELECT name FROM repositories WHERE id = @1 AND name NOT GLOB '!*'", row => RepositoryName.Parse(row.GetString(0)), id);

    /// <summary>
    /// Gives a repository a name that is not taken. A row without content that has the name keeps its history under one that no request can have: its id must not be used
    /// again, and looking for all that might refer to it would take long.
    /// </summary>
    public static void Rename(SqliteSession session, long id, RepositoryName newName)
    {
        if (ContentRows.FindRepository(session, newName) is { } empty)
        {
            session.Execute("DELETE FROM unsettled_subjects WHERE repository_id = @1", empty);
            session.Execute("DELETE FROM trash_tags WHERE repository_id = @1", empty);
            session.Execute("UPDATE repositories SET name = '!' || id, is_deleted = 1, pinned = 0, upstream = NULL WHERE id = @1", empty);
        }

        session.Execute("UPDATE repositories SET name = @2 WHERE id = @1", id, newName.Value);
    }

    /// <summary>Records that a repository was deleted as a whole, unless it has a manifest.</summary>
    /// <returns>True if it exists no longer.</returns>
    public static bool SetDeleted(SqliteSession session, long id) =>
        session.Execute("UPDATE repositories SET is_deleted = 1, pinned = 0 WHERE id = @1 AND manifest_count = 0", id) > 0;

    /// <summary>Lists manifests of a repository whose content has a row before one, the last first, with the number of rows that the deletion of each changes.</summary>
    public static List<(long Content, Digest Digest, long Rows)> ListBefore(SqliteSession session, long id, long before, int limit) => session.All(
        """
        SELECT m.content_id, c.digest, (SELECT COUNT(*) FROM manifest_references WHERE manifest_id = m.id) + @4 * (SELECT COUNT(*) FROM tags WHERE manifest_id = m.id)
            + 2 * (SELECT COUNT(*) FROM tag_history WHERE manifest_id = m.id)
            + (SELECT COUNT(*) FROM tags t CROSS JOIN tag_history h ON h.repository_id = t.repository_id AND h.tag = t.name WHERE t.manifest_id = m.id)
        FROM manifests m CROSS JOIN content c ON c.id = m.content_id WHERE m.repository_id = @1 AND m.content_id < @2 ORDER BY m.content_id DESC LIMIT @3
        """,
        row => (row.GetInt64(0), Digest.Parse(row.GetString(1)), row.GetInt64(2)),
        id,
        before,
        (long)limit,
        TagRows.RowsOfTag);

    /// <summary>True if a manifest refers to another one of its repository and comes before it in <see cref="ListBefore"/>: it was pushed after its turn, and stays.</summary>
    public static bool IsHeldByEarlier(SqliteSession session, long id, long contentId) => session.Number(
        """
        SELECT 1 FROM manifest_references f CROSS JOIN manifests p ON p.id = f.manifest_id
        WHERE f.content_id = @2 AND f.repository_id = @1 AND p.content_id > @2 LIMIT 1
        """,
        id,
        contentId) is not null;

    /// <summary>Lists links of a repository after one, and tells which of their blobs nothing needs.</summary>
    public static List<(long Content, bool IsIdle)> ListLinksAfter(SqliteSession session, long id, long after, int limit) => session.All(
        "SELECT content_id, idle_since IS NOT NULL FROM blob_links WHERE repository_id = @1 AND content_id > @2 ORDER BY content_id LIMIT @3",
        row => (row.GetInt64(0), row.GetInt64(1) == 1),
        id,
        after,
        (long)limit);

    /// <summary>Lists the tags of a repository after one, with their manifests.</summary>
    public static List<(Tag Tag, Digest Digest)> ListTagsAfter(SqliteSession session, long id, string after, int limit) => session.All(
        """
        SELECT t.name, c.digest FROM tags t CROSS JOIN manifests m ON m.id = t.manifest_id CROSS JOIN content c ON c.id = m.content_id
        WHERE t.repository_id = @1 AND t.name > @2 ORDER BY t.name LIMIT @3
        """,
        row => (Tag.Parse(row.GetString(0)), Digest.Parse(row.GetString(1))),
        id,
        after,
        (long)limit);
}
