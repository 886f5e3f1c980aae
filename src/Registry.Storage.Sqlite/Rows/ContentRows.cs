using Microsoft.Data.Sqlite;
using Registry.Core.Changes;
using Registry.Core.Collection.Records;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>Statements about repositories, content and links that several stores share.</summary>
internal static class ContentRows
{
    public const int Mentioned = 0;
    public const int Stored = 1;
    public const int Orphaned = 2;
    public const int Condemned = 3;

    /// <summary>Meaning of the number in the column <c>state</c>.</summary>
    public static BlobState StateOf(int state) => state switch
    {
        Mentioned => BlobState.Mentioned,
        Stored => BlobState.Stored,
        Orphaned => BlobState.Orphaned,
        Condemned => BlobState.Condemned,
        _ => throw new StorageException($"The metadata holds content in the unknown state {state}."),
    };

    /// <summary>Reads the totals of the storage.</summary>
    public static StorageTotals ReadTotals(SqliteSession session) => session.First(
        "SELECT blobs, stored, logical, manifests, repositories, tags, untagged, changes, trashed, trashed_bytes FROM totals WHERE id = 1",
        row => new StorageTotals(
            row.GetInt64(0),
            row.GetInt64(1),
            row.GetInt64(2),
            row.GetInt64(3),
            row.GetInt64(4),
            row.GetInt64(5),
            row.GetInt64(6),
            row.GetInt64(7))
        {
            Trashed = row.GetInt64(8),
            TrashedBytes = row.GetInt64(9),
        })!;

    public static long? FindRepository(SqliteSession session, RepositoryName name) =>
        session.Number("SELECT id FROM repositories WHERE name = @1", name.Value);

    public static long GetOrAddRepository(SqliteSession session, RepositoryName name) =>
        FindRepository(session, name) ?? AddRepository(session, name, upstream: null);

    /// <summary>Adds the row of a repository.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="name">Its name, which no row has.</param>
    /// <param name="upstream">Upstream from which it is mirrored; null for a local one.</param>
    public static long AddRepository(SqliteSession session, RepositoryName name, string? upstream) =>
        session.Number("INSERT INTO repositories (name, upstream) VALUES (@1, @2) RETURNING id", name.Value, upstream)!.Value;

    /// <summary>Adds or updates the row of a digest whose bytes are now stored.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="digest">The digest.</param>
    /// <param name="size">Size of the bytes.</param>
    /// <param name="place">Place in which the bytes have just been stored; null if the recorded place stays.</param>
    public static long PutStored(SqliteSession session, Digest digest, long size, BlobPlace? place) => session.Number(
        """
        INSERT INTO content (digest, size, state, place) VALUES (@1, @2, 1, @3)
        ON CONFLICT (digest) DO UPDATE SET size = excluded.size, state = 1, place = iif(@4, excluded.place, place) RETURNING id
        """,
        digest.Value,
        size,
        place?.Key,
        place is not null)!.Value;

    /// <summary>Reads a column <c>place</c>.</summary>
    public static string? ReadKey(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    /// <summary>Makes a blob visible in a repository; its idle time begins now unless a manifest needs it. True if it was not visible before.</summary>
    public static bool Link(SqliteSession session, long repositoryId, long contentId, long now) => session.Execute(
        """
        INSERT INTO blob_links (repository_id, content_id, idle_since)
        SELECT @1, @2, CASE WHEN EXISTS (SELECT 1 FROM held_content WHERE content_id = @2 AND repository_id = @1) THEN NULL ELSE @3 END
        WHERE NOT EXISTS (SELECT 1 FROM blob_links WHERE repository_id = @1 AND content_id = @2)
        """,
        repositoryId,
        contentId,
        now) > 0;

    /// <summary>True if a blob is linked to a repository, whether its bytes are lost or not.</summary>
    public static bool IsLinked(SqliteSession session, RepositoryName repository, Digest digest) => session.Number(
        """
        SELECT 1 FROM repositories r JOIN content c ON c.digest = @2 JOIN blob_links l ON l.repository_id = r.id AND l.content_id = c.id
        WHERE r.name = @1
        """,
        repository.Value,
        digest.Value) is not null;

    /// <summary>Restarts the idle time of a link, if it is idle. Changes nothing when it has begun later, by a clock that a crash has set back since.</summary>
    public static void TouchLink(SqliteSession session, long repositoryId, long contentId, long now) => session.Execute(
        "UPDATE blob_links SET idle_since = @3 WHERE repository_id = @1 AND content_id = @2 AND idle_since < @3",
        repositoryId,
        contentId,
        now);

    /// <summary>Makes a blob invisible in a repository.</summary>
    public static void Unlink(SqliteSession session, ChangeContext change, long repositoryId, long contentId, RepositoryName repository, Digest digest)
    {
        session.Execute("DELETE FROM blob_links WHERE repository_id = @1 AND content_id = @2", repositoryId, contentId);
        ChangeRows.Append(session, change, ChangeKind.BlobUnlinked, repositoryId, repository, digest);
        OrphanUnused(session, JsonList.Of(contentId));
    }

    /// <summary>
    /// Marks content for the collector if no link and no manifest holds it any more; removes its row if it was only mentioned, or its bytes are
    /// lost.
    /// </summary>
    /// <param name="session">The transaction.</param>
    /// <param name="ids">JSON array of rows.</param>
    public static void OrphanUnused(SqliteSession session, string ids)
    {
        session.Execute(
            """
            UPDATE content SET state = 2 WHERE id IN (SELECT value FROM json_each(@1)) AND state = 1
            AND NOT EXISTS (SELECT 1 FROM blob_links WHERE content_id = content.id)
            AND NOT EXISTS (SELECT 1 FROM kept_manifests WHERE content_id = content.id)
            """,
            ids);
        session.Execute(
            """
            DELETE FROM content WHERE id IN (SELECT value FROM json_each(@1)) AND state = 0
            AND NOT EXISTS (SELECT 1 FROM held_content WHERE content_id = content.id)
            AND NOT EXISTS (SELECT 1 FROM blob_links WHERE content_id = content.id)
            AND NOT EXISTS (SELECT 1 FROM kept_manifests WHERE content_id = content.id)
            """,
            ids);
    }
}
