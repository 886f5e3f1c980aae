using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Repositories;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres.Repositories;

/// <summary>Statements about repositories as a whole; those that change something need the lock of the repository.</summary>
internal static class RepositoryRows
{
    /// <summary>Collects the query of the row of a repository that exists: it was not deleted as a whole, or has a manifest since.</summary>
    public static List<long> AskExisting(PostgresSession session, RepositoryName name) =>
        session.Ask("SELECT id FROM repositories WHERE name = $1 AND (NOT is_deleted OR has_manifests)", row => row.GetInt64(0), name.Value);

    /// <summary>Reads what a repository holds; null if it does not exist.</summary>
    public static async Task<RepositorySummary?> ReadAsync(PostgresSession session, RepositoryName name)
    {
        var id = AskExisting(session, name);
        await session.SendAsync();
        return id.Count == 0 ? null : await session.FirstAsync(
            """
            SELECT (SELECT count(*) FROM manifests WHERE repository_id = $1), (SELECT count(*) FROM tags WHERE repository_id = $1),
                (SELECT count(*) FROM blob_links WHERE repository_id = $1),
                (SELECT coalesce(sum((SELECT size FROM content WHERE id = l.content_id)), 0)::bigint FROM blob_links l WHERE l.repository_id = $1)
                    + (SELECT coalesce(sum((SELECT size FROM content WHERE id = m.content_id)), 0)::bigint FROM manifests m WHERE m.repository_id = $1
                        AND (SELECT content_id FROM blob_links WHERE repository_id = $1 AND content_id = m.content_id) IS NULL),
                (SELECT count(*) FROM trash WHERE repository_id = $1)
            """,
            row => new RepositorySummary(name, row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4)),
            id[0]);
    }

    /// <summary>Collects the query of what a row of a name holds that keeps the name from being given to another repository.</summary>
    public static List<(long Id, bool HasManifests, bool HasBlobs, long Trashed)> AskHeld(PostgresSession session, RepositoryName name) => session.Ask(
        """
        SELECT r.id, r.has_manifests, (SELECT content_id FROM blob_links WHERE repository_id = r.id ORDER BY content_id LIMIT 1) IS NOT NULL,
            (SELECT count(*) FROM trash WHERE repository_id = r.id)
        FROM repositories r WHERE r.name = $1
        """,
        row => (row.GetInt64(0), row.GetBoolean(1), row.GetBoolean(2), row.GetInt64(3)),
        name.Value);

    /// <summary>
    /// Collects the statements that give a repository a name that is not taken. A row without content that has the name keeps its history under one that no request can have:
    /// looking for all that might refer to it would take long.
    /// </summary>
    /// <param name="session">The transaction, which has locked both names.</param>
    /// <param name="change">Circumstances of the change.</param>
    /// <param name="id">Row of the repository.</param>
    /// <param name="empty">The row without content; null if there is none.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="newName">The new name.</param>
    public static void Rename(PostgresSession session, ChangeContext change, long id, long? empty, RepositoryName repository, RepositoryName newName)
    {
        if (empty is { } other)
        {
            session.Queue("DELETE FROM unsettled_subjects WHERE repository_id = $1", other);
            session.Queue("UPDATE repositories SET name = '!' || id, is_deleted = true, pinned = false, upstream = NULL WHERE id = $1", other);
        }

        session.Queue("UPDATE repositories SET name = $2 WHERE id = $1", id, newName.Value);
        session.Queue(
            """
            INSERT INTO changes (kind, at, clock, source, actor, request, address, client, reason, repository_id, repository, new_name)
            VALUES ($1, $2, (SELECT seconds FROM clock), $3, $4::text, $5::text, $6::text, $7::text, $8::text, $9, $10, $11)
            """,
            (long)ChangeKind.RepositoryRenamed,
            change.Time.ToUnixTimeMilliseconds(),
            (long)change.Origin.Source,
            change.Origin.Actor,
            change.Origin.Request,
            change.Origin.Address,
            change.Origin.Client,
            change.Reason,
            id,
            repository.Value,
            newName.Value);
    }

    /// <summary>Finds the name of a row; null if it has lost its name to another row (<see cref="Rename"/>).</summary>
    public static Task<RepositoryName?> FindNameAsync(PostgresSession session, long id) =>
        session.FirstAsync<RepositoryName?>("SELECT name FROM repositories WHERE id = $1 AND name NOT LIKE '!%'", row => RepositoryName.Parse(row.GetString(0)), id);

    /// <summary>Finds the last rename that took a name away; null if there is none.</summary>
    public static Task<RegistryChange?> FindRenameAsync(PostgresSession session, RepositoryName name) => session.FirstAsync(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE repository = $1 AND kind = 8 ORDER BY sequence DESC LIMIT 1
        """,
        ChangeRows.ReadRow,
        name.Value);

    /// <summary>Collects the statement that records that a repository was deleted as a whole, unless it has a manifest. It returns a row if it exists no longer.</summary>
    public static List<long> SetDeleted(PostgresSession session, RepositoryName name) => session.Ask(
        "UPDATE repositories SET is_deleted = true, pinned = false WHERE name = $1 AND NOT has_manifests RETURNING id", row => row.GetInt64(0), name.Value);

    /// <summary>Lists manifests of a repository whose content has a row before one, the last first.</summary>
    public static Task<List<(long Content, Digest Digest, long Size)>> ListBeforeAsync(PostgresSession session, RepositoryName name, long before, int limit) =>
        session.AllAsync(
            """
            SELECT m.content_id, (SELECT digest FROM content WHERE id = m.content_id), (SELECT size FROM content WHERE id = m.content_id)
            FROM manifests m WHERE m.repository_id = (SELECT id FROM repositories WHERE name = $1) AND m.content_id < $2 ORDER BY m.content_id DESC LIMIT $3
            """,
            row => (row.GetInt64(0), Digest.Parse(row.GetString(1)), row.GetInt64(2)),
            name.Value,
            before,
            limit);

    /// <summary>
    /// Finds, for some manifests, others of the repository that refer to them and come before them in <see cref="ListBeforeAsync"/>. Those that are there were pushed after
    /// their turn, or are in the same turn.
    /// </summary>
    public static Task<List<(long Child, long Parent)>> FindEarlierHoldersAsync(PostgresSession session, RepositoryName name, long[] content) => session.AllAsync(
        """
        SELECT f.content_id, m.content_id FROM unnest($2) u (id)
        JOIN manifest_references f ON f.content_id = u.id AND f.repository_id = (SELECT id FROM repositories WHERE name = $1)
        JOIN manifests m ON m.id = f.manifest_id WHERE m.content_id > f.content_id
        """,
        row => (row.GetInt64(0), row.GetInt64(1)),
        name.Value,
        content);

    /// <summary>Lists links of a repository after one, and tells which of their blobs nothing needs.</summary>
    public static Task<List<(long Content, bool IsIdle)>> ListLinksAfterAsync(PostgresSession session, RepositoryName name, long after, int limit) => session.AllAsync(
        """
        SELECT content_id, idle_since IS NOT NULL FROM blob_links WHERE repository_id = (SELECT id FROM repositories WHERE name = $1) AND content_id > $2
        ORDER BY content_id LIMIT $3
        """,
        row => (row.GetInt64(0), row.GetBoolean(1)),
        name.Value,
        after,
        limit);

    /// <summary>Lists the tags of a repository after one, with their manifests.</summary>
    public static Task<List<(Tag Tag, Digest Digest)>> ListTagsAfterAsync(PostgresSession session, RepositoryName name, string after, int limit) => session.AllAsync(
        """
        SELECT t.name, (SELECT c.digest FROM manifests m JOIN content c ON c.id = m.content_id WHERE m.id = t.manifest_id)
        FROM tags t WHERE t.repository_id = (SELECT id FROM repositories WHERE name = $1) AND t.name > $2 ORDER BY t.name LIMIT $3
        """,
        row => (Tag.Parse(row.GetString(0)), Digest.Parse(row.GetString(1))),
        name.Value,
        after,
        limit);

    /// <summary>Collects the query of the tags of some manifests, with the content of each.</summary>
    public static List<(long Content, Tag Tag)> AskTagsOf(PostgresSession session, RepositoryName name, long[] content) => session.Ask(
        """
        SELECT m.content_id, t.name FROM unnest($2) u (id)
        JOIN manifests m ON m.content_id = u.id AND m.repository_id = (SELECT id FROM repositories WHERE name = $1)
        JOIN tags t ON t.manifest_id = m.id
        """,
        row => (row.GetInt64(0), Tag.Parse(row.GetString(1))),
        name.Value,
        content);
}
