using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using Registry.Core.Changes;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Trash;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite.Trash;

/// <summary>
/// The tables <c>trash</c>, <c>trash_references</c> and <c>trash_tags</c>, inside the caller's savepoint. An entry holds what its manifest held: wherever that counts, the
/// views <c>held_content</c> and <c>kept_manifests</c> have both.
/// </summary>
/// <remarks>
/// A manifest is in its repository or in the trash, never in both. Its tags may be in <c>trash_tags</c> before it is in the trash, while a deletion of very many tags is in
/// progress; a manifest that is removed otherwise takes them with it.
/// </remarks>
internal static class TrashRows
{
    /// <summary>
    /// Moves a manifest into the trash, with its references and tags. The caller removes its own row, its tags and their history. What the deletion of
    /// the whole repository has moved there before was there.
    /// </summary>
    public static void Add(SqliteSession session, ChangeContext change, long manifestId, long repositoryId, long contentId)
    {
        var entry = session.Number(
            """
            INSERT INTO trash (repository_id, content_id, media_type, held_size, deleted_at, at, source, actor, request, address, client)
            SELECT m.repository_id, m.content_id, m.media_type, c.size + COALESCE((
                SELECT SUM(b.size) FROM manifest_references f CROSS JOIN content b ON b.id = f.content_id WHERE f.manifest_id = m.id), 0),
                @2, @3, @4, @5, @6, @7, @8
            FROM manifests m CROSS JOIN content c ON c.id = m.content_id WHERE m.id = @1 RETURNING id
            """,
            manifestId,
            change.Now,
            change.Time.ToUnixTimeMilliseconds(),
            (long)change.Origin.Source,
            change.Origin.Actor,
            change.Origin.Request,
            change.Origin.Address,
            change.Origin.Client);
        session.Execute(
            """
            INSERT INTO trash_references (entry_id, content_id, repository_id, was_there)
            SELECT @2, f.content_id, f.repository_id, EXISTS (SELECT 1 FROM blob_links WHERE repository_id = f.repository_id AND content_id = f.content_id)
                OR EXISTS (SELECT 1 FROM manifests WHERE repository_id = f.repository_id AND content_id = f.content_id)
                OR EXISTS (SELECT 1 FROM trash WHERE repository_id = f.repository_id AND content_id = f.content_id AND request = @3)
            FROM manifest_references f WHERE f.manifest_id = @1
            """,
            manifestId,
            entry,
            change.IsOfWholeRepository ? change.Origin.Request : null);
        session.Execute(
            """
            INSERT INTO trash_tags (repository_id, content_id, name) SELECT @2, @3, name FROM tags WHERE manifest_id = @1
            ON CONFLICT (repository_id, content_id, name) DO NOTHING
            """,
            manifestId,
            repositoryId,
            contentId);
    }

    /// <summary>Keeps tags, a JSON array, of a manifest that is about to go into the trash.</summary>
    public static void AddTags(SqliteSession session, long manifestId, string tags) => session.Execute(
        """
        INSERT INTO trash_tags (repository_id, content_id, name) SELECT m.repository_id, m.content_id, j.value
        FROM manifests m CROSS JOIN json_each(@2) j WHERE m.id = @1 ON CONFLICT (repository_id, content_id, name) DO NOTHING
        """,
        manifestId,
        tags);

    /// <summary>Forgets the kept tags of a manifest.</summary>
    public static void RemoveTags(SqliteSession session, long repositoryId, long contentId) =>
        session.Execute("DELETE FROM trash_tags WHERE repository_id = @1 AND content_id = @2", repositoryId, contentId);

    /// <summary>Forgets some of the kept tags of an entry, if these are many.</summary>
    /// <returns>True if there may be more.</returns>
    public static bool RemoveSomeTags(SqliteSession session, TrashRow entry) => session.Execute(
        """
        DELETE FROM trash_tags WHERE repository_id = @1 AND content_id = @2 AND name IN (
            SELECT name FROM trash_tags WHERE repository_id = @1 AND content_id = @2 LIMIT @3)
        """,
        entry.Repository,
        entry.Content,
        (long)TagRows.Many) == TagRows.Many;

    /// <summary>Takes a manifest that is being pushed out of the trash, without its tags. What it held is not released.</summary>
    /// <returns>JSON array of the content that the entry referred to; null if there was no entry, or it referred to nothing.</returns>
    public static string? Take(SqliteSession session, long repositoryId, long contentId) =>
        session.Number("SELECT id FROM trash WHERE repository_id = @1 AND content_id = @2", repositoryId, contentId) is { } id
            ? Remove(session, id, repositoryId, contentId)
            : null;

    /// <summary>Releases the content, a JSON array, that an entry of the trash held and its manifest does not hold: an earlier version has read the manifest otherwise.</summary>
    public static void ReleaseOthers(SqliteSession session, long repositoryId, long manifestId, string contentIds, bool isIndex, long now)
    {
        var others = session.All(
            """
            SELECT j.value FROM json_each(@2) j WHERE NOT EXISTS (SELECT 1 FROM manifest_references WHERE manifest_id = @1 AND content_id = j.value)
            """,
            row => row.GetInt64(0),
            manifestId,
            contentIds);
        if (others.Count > 0)
        {
            ReferenceRows.Release(session, repositoryId, JsonList.Of(CollectionsMarshal.AsSpan(others)), isIndex, now);
        }
    }

    /// <summary>Removes an entry. The grace period of what only it held begins.</summary>
    /// <returns>JSON array of the content that the entry referred to; null if there was none.</returns>
    public static string? Release(SqliteSession session, TrashRow entry, Digest digest, long now)
    {
        var released = Remove(session, entry.Id, entry.Repository, entry.Content);
        if (released is not null)
        {
            ReferenceRows.Release(session, entry.Repository, released, entry.IsIndex, now);
        }

        SubjectRows.SettleFirst(session, entry.Repository, digest, now);
        ContentRows.OrphanUnused(session, JsonList.Of(entry.Content));
        return released;
    }

    /// <summary>Finds the row of an entry; null if there is none.</summary>
    public static TrashRow? FindRow(SqliteSession session, RepositoryName repository, Digest digest) => session.First<TrashRow?>(
        """
        SELECT t.id, t.repository_id, t.content_id, t.media_type, t.deleted_at FROM repositories r JOIN content c ON c.digest = @2
        JOIN trash t ON t.repository_id = r.id AND t.content_id = c.id WHERE r.name = @1
        """,
        row => new TrashRow(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), MediaTypes.IsIndex(row.GetString(3)), row.GetInt64(4)),
        repository.Value,
        digest.Value);

    /// <summary>Number of rows that the removal of an entry changes, approximately; 0 if there is no such entry.</summary>
    public static long CountRows(SqliteSession session, RepositoryName repository, Digest digest) => session.Number(
        """
        SELECT (SELECT COUNT(*) FROM trash_references WHERE entry_id = t.id)
            + (SELECT COUNT(*) FROM trash_tags g WHERE g.repository_id = t.repository_id AND g.content_id = t.content_id)
        FROM repositories r JOIN content c ON c.digest = @2 JOIN trash t ON t.repository_id = r.id AND t.content_id = c.id WHERE r.name = @1
        """,
        repository.Value,
        digest.Value) ?? 0;

    /// <summary>Finds the size and place of the manifest of an entry; null if the entry is not there.</summary>
    public static StoredBlob? FindContent(SqliteSession session, long entryId, long repositoryId, Digest digest) => session.First<StoredBlob?>(
        "SELECT c.size, c.place FROM trash t CROSS JOIN content c ON c.id = t.content_id WHERE t.id = @1 AND t.repository_id = @2 AND c.digest = @3",
        row => new StoredBlob(row.GetInt64(0), new BlobPlace(digest, ContentRows.ReadKey(row, 1))),
        entryId,
        repositoryId,
        digest.Value);

    /// <summary>Finds what an entry referred to and the repository had at the deletion, and has no more.</summary>
    public static List<string> FindMissing(SqliteSession session, long entryId, int limit) => session.All(
        """
        SELECT c.digest FROM trash_references f CROSS JOIN content c ON c.id = f.content_id WHERE f.entry_id = @1 AND f.was_there = 1
        AND NOT (c.state = 1 AND (EXISTS (SELECT 1 FROM blob_links WHERE repository_id = f.repository_id AND content_id = f.content_id)
            OR EXISTS (SELECT 1 FROM manifests WHERE repository_id = f.repository_id AND content_id = f.content_id)))
        LIMIT @2
        """,
        row => row.GetString(0),
        entryId,
        (long)limit);

    /// <summary>Reads an entry; null if there is none.</summary>
    public static TrashEntry? Find(SqliteSession session, RepositoryName repository, Digest digest) => session.First(
        """
        SELECT t.id, r.name, c.digest, t.media_type, c.size, t.held_size, t.deleted_at, t.at, t.source, t.actor, t.request, t.address, t.client, c.place, c.state
        FROM repositories r JOIN content c ON c.digest = @2 JOIN trash t ON t.repository_id = r.id AND t.content_id = c.id WHERE r.name = @1
        """,
        ReadEntry,
        repository.Value,
        digest.Value) is { } entry ? Complete(session, entry, int.MaxValue) : null;

    /// <summary>Reads the entries of a repository before an id, the newest first.</summary>
    public static List<TrashEntry> List(SqliteSession session, long repositoryId, long before, long limit) => session.All(
        """
        SELECT t.id, r.name, c.digest, t.media_type, c.size, t.held_size, t.deleted_at, t.at, t.source, t.actor, t.request, t.address, t.client, c.place, c.state
        FROM trash t CROSS JOIN repositories r ON r.id = t.repository_id CROSS JOIN content c ON c.id = t.content_id
        WHERE t.repository_id = @1 AND t.id < @2 ORDER BY t.id DESC LIMIT @3
        """,
        ReadEntry,
        repositoryId,
        before,
        limit).ConvertAll(entry => Complete(session, entry, TrashEntry.MaxListedTags));

    /// <summary>Reads the entries of all repositories before an id, the newest first.</summary>
    public static List<TrashEntry> ListAll(SqliteSession session, long before, long limit) => session.All(
        """
        SELECT t.id, r.name, c.digest, t.media_type, c.size, t.held_size, t.deleted_at, t.at, t.source, t.actor, t.request, t.address, t.client, c.place, c.state
        FROM trash t CROSS JOIN repositories r ON r.id = t.repository_id CROSS JOIN content c ON c.id = t.content_id
        WHERE t.id < @1 ORDER BY t.id DESC LIMIT @2
        """,
        ReadEntry,
        before,
        limit).ConvertAll(entry => Complete(session, entry, TrashEntry.MaxListedTags));

    /// <summary>Reads the oldest entries of all repositories, in their order.</summary>
    public static List<TrashEntry> ListOldest(SqliteSession session, long limit) => session.All(
        """
        SELECT t.id, r.name, c.digest, t.media_type, c.size, t.held_size, t.deleted_at, t.at, t.source, t.actor, t.request, t.address, t.client, c.place, c.state
        FROM trash t CROSS JOIN repositories r ON r.id = t.repository_id CROSS JOIN content c ON c.id = t.content_id
        WHERE t.id > 0 ORDER BY t.id LIMIT @1
        """,
        ReadEntry,
        limit).ConvertAll(entry => Complete(session, entry, TrashEntry.MaxListedTags));

    // Until it is complete, an entry is so if the bytes of its manifest are stored.
    private static TrashEntry ReadEntry(SqliteDataReader row) => new()
    {
        Id = row.GetInt64(0),
        Repository = RepositoryName.Parse(row.GetString(1)),
        Digest = Digest.Parse(row.GetString(2)),
        MediaType = row.GetString(3),
        Size = row.GetInt64(4),
        HeldSize = row.GetInt64(5),
        DeletedAt = row.GetInt64(6),
        Time = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(7)),
        Origin = new ChangeOrigin
        {
            Source = (ChangeSource)row.GetInt64(8),
            Actor = ReadText(row, 9),
            Request = ReadText(row, 10),
            Address = ReadText(row, 11),
            Client = ReadText(row, 12),
        },
        Key = ContentRows.ReadKey(row, 13),
        Tags = [],
        IsComplete = row.GetInt32(14) == ContentRows.Stored,
    };

    private static TrashEntry Complete(SqliteSession session, TrashEntry entry, int maxTags)
    {
        var tags = session.All(
            """
            SELECT g.name FROM trash t CROSS JOIN trash_tags g ON g.repository_id = t.repository_id AND g.content_id = t.content_id
            WHERE t.id = @1 ORDER BY g.name LIMIT @2
            """,
            row => Tag.Parse(row.GetString(0)),
            entry.Id,
            maxTags + 1L);
        return entry with
        {
            Tags = tags.Count > maxTags ? tags[..maxTags] : tags,
            HasMoreTags = tags.Count > maxTags,
            IsComplete = entry.IsComplete && FindMissing(session, entry.Id, 1).Count == 0,
        };
    }

    /// <summary>Makes those blobs invisible in a repository that nothing needs there, whatever was promised about them.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="change">The change.</param>
    /// <param name="repositoryId">Row of the repository.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="contentIds">JSON array of the content.</param>
    public static List<Digest> UnlinkIdle(
        SqliteSession session, ChangeContext change, long repositoryId, RepositoryName repository, string contentIds)
    {
        var idle = session.All(
            """
            SELECT c.id, c.digest FROM json_each(@2) j CROSS JOIN blob_links l ON l.repository_id = @1 AND l.content_id = j.value
            CROSS JOIN content c ON c.id = l.content_id WHERE l.idle_since IS NOT NULL
            """,
            row => (Id: row.GetInt64(0), Digest: Digest.Parse(row.GetString(1))),
            repositoryId,
            contentIds);
        idle.ForEach(blob => ContentRows.Unlink(session, change, repositoryId, blob.Id, repository, blob.Digest));
        return idle.ConvertAll(blob => blob.Digest);
    }

    /// <summary>Finds those manifests of a repository that are released, and no roots, among some content, a JSON array.</summary>
    public static List<Digest> FindReleased(SqliteSession session, long repositoryId, string contentIds) => session.All(
        """
        SELECT c.digest FROM json_each(@2) j CROSS JOIN manifests m ON m.repository_id = @1 AND m.content_id = j.value
        CROSS JOIN content c ON c.id = m.content_id WHERE m.idle_since IS NOT NULL AND m.is_root = 0
        """,
        row => Digest.Parse(row.GetString(0)),
        repositoryId,
        contentIds);

    /// <summary>Finds some released referrers of a manifest after a row, with the row of each.</summary>
    public static List<(long Id, Digest Digest)> FindReleasedReferrers(SqliteSession session, long repositoryId, Digest subject, long after, int limit) =>
        session.All(
            """
            SELECT m.id, c.digest FROM manifests m CROSS JOIN content c ON c.id = m.content_id
            WHERE m.repository_id = @1 AND m.subject = @2 AND m.id > @3 AND m.idle_since IS NOT NULL AND m.is_root = 0 ORDER BY m.id LIMIT @4
            """,
            row => (row.GetInt64(0), Digest.Parse(row.GetString(1))),
            repositoryId,
            subject.Value,
            after,
            (long)limit);

    /// <summary>Finds repositories that have content, or have it in their trash, except one.</summary>
    public static List<RepositoryName> FindHolders(SqliteSession session, Digest digest, RepositoryName except, int limit) => session.All(
        """
        SELECT r.name FROM content c CROSS JOIN blob_links l ON l.content_id = c.id CROSS JOIN repositories r ON r.id = l.repository_id
        WHERE c.digest = @1 AND r.name <> @2
        UNION ALL
        SELECT r.name FROM content c CROSS JOIN kept_manifests m ON m.content_id = c.id CROSS JOIN repositories r ON r.id = m.repository_id
        WHERE c.digest = @1 AND r.name <> @2
        UNION ALL
        SELECT r.name FROM content c CROSS JOIN trash_references f ON f.content_id = c.id CROSS JOIN repositories r ON r.id = f.repository_id
        WHERE c.digest = @1 AND r.name <> @2
        LIMIT @3
        """,
        row => RepositoryName.Parse(row.GetString(0)),
        digest.Value,
        except.Value,
        3L * limit).Distinct().Take(limit).ToList();

    private static string? Remove(SqliteSession session, long entryId, long repositoryId, long contentId)
    {
        var content = session.All("DELETE FROM trash_references WHERE entry_id = @1 RETURNING content_id", row => row.GetInt64(0), entryId);
        RemoveTags(session, repositoryId, contentId);
        session.Execute("DELETE FROM trash WHERE id = @1", entryId);
        return content.Count == 0 ? null : JsonList.Of(CollectionsMarshal.AsSpan(content));
    }

    private static string? ReadText(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
