using Microsoft.Data.Sqlite;
using Registry.Core.Collection.Records;
using Registry.Core.Oci;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>Reads the reasons for which a blob or manifest is kept.</summary>
internal static class ContentExplanation
{
    /// <summary>Explains a digest, with at most the given number of entries of each kind.</summary>
    public static BlobExplanation Read(SqliteSession session, Digest digest, int limit)
    {
        var content = session.First(
            "SELECT id, size, state, place FROM content WHERE digest = @1",
            row => (Id: row.GetInt64(0), Size: row.GetInt64(1), State: row.GetInt32(2), Key: ContentRows.ReadKey(row, 3)),
            digest.Value);
        return content == default
            ? new BlobExplanation { State = BlobState.Unknown }
            : new BlobExplanation
            {
                State = ContentRows.StateOf(content.State),
                Size = content.Size,
                Key = content.Key,
                Links = ReadLinks(session, content.Id, digest, limit),
                ManifestOf = ReadManifests(session, content.Id, digest, limit),
                NeededBy = ReadReferring(session, content.Id, limit),
                KeptByTrash = ReadTrash(session, content.Id, limit),
            };
    }

    private static List<LinkRecord> ReadLinks(SqliteSession session, long contentId, Digest digest, int limit) => session.All(
        """
        SELECT r.name, l.idle_since, r.pinned FROM blob_links l JOIN repositories r ON r.id = l.repository_id
        WHERE l.content_id = @1 LIMIT @2
        """,
        row => new LinkRecord(
            RepositoryName.Parse(row.GetString(0)), digest, row.IsDBNull(1) ? null : row.GetInt64(1), row.GetBoolean(2)),
        contentId,
        limit);

    /// <summary>Explains a manifest of one repository; null for an unknown one.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The manifest.</param>
    /// <returns>Rows of the manifest, its repository and its bytes, and what keeps it, without its tags.</returns>
    public static (long Id, long Repository, long Content, ManifestExplanation Explanation)? FindManifest(SqliteSession session, RepositoryName repository, Digest digest)
    {
        var found = session.First(
            """
            SELECT m.id, r.name, m.idle_since, m.is_root, r.pinned, m.pushed_at, m.repository_id, m.subject, u.settled_to < m.id, r.upstream, c.id
            FROM repositories r CROSS JOIN content c ON c.digest = @2 CROSS JOIN manifests m ON m.repository_id = r.id AND m.content_id = c.id
            LEFT JOIN unsettled_subjects u ON u.repository_id = m.repository_id AND u.subject = m.subject WHERE r.name = @1
            """,
            row => (Row: ReadRow(row, digest), Content: row.GetInt64(10)),
            repository.Value,
            digest.Value);
        return found == default ? null : (found.Row.Id, found.Row.Repository, found.Content, Explain(session, found.Row, []));
    }

    private static List<ManifestExplanation> ReadManifests(SqliteSession session, long contentId, Digest digest, int limit)
    {
        var manifests = session.All(
            """
            SELECT m.id, r.name, m.idle_since, m.is_root, r.pinned, m.pushed_at, m.repository_id, m.subject, u.settled_to < m.id, r.upstream FROM manifests m
            LEFT JOIN unsettled_subjects u ON u.repository_id = m.repository_id AND u.subject = m.subject
            JOIN repositories r ON r.id = m.repository_id WHERE m.content_id = @1 LIMIT @2
            """,
            row => ReadRow(row, digest),
            contentId,
            limit);
        return manifests.ConvertAll(manifest => Explain(
            session, manifest, session.All("SELECT name FROM tags WHERE manifest_id = @1 LIMIT @2", row => row.GetString(0), manifest.Id, limit)));
    }

    private static (long Id, ManifestRecord Record, long Repository, string? Subject, bool IsUnsettled) ReadRow(SqliteDataReader row, Digest digest) => (
        row.GetInt64(0),
        new ManifestRecord(
            RepositoryName.Parse(row.GetString(1)), digest, row.IsDBNull(2) ? null : row.GetInt64(2), row.GetBoolean(3), row.GetBoolean(4), row.GetInt64(5))
        {
            Upstream = ContentRows.ReadKey(row, 9),
        },
        row.GetInt64(6),
        row.IsDBNull(7) ? null : row.GetString(7),
        !row.IsDBNull(8) && row.GetBoolean(8));

    private static ManifestExplanation Explain(
        SqliteSession session, (long Id, ManifestRecord Record, long Repository, string? Subject, bool IsUnsettled) manifest, IReadOnlyList<string> tags) => new(
        manifest.Record,
        tags,
        session.First<Digest?>(
            "SELECT c.digest FROM content c JOIN kept_manifests m ON m.repository_id = @1 AND m.content_id = c.id WHERE c.digest = @2",
            row => Digest.Parse(row.GetString(0)),
            manifest.Repository,
            manifest.Subject),
        manifest.IsUnsettled);

    private static List<KeyValuePair<RepositoryName, Digest>> ReadTrash(SqliteSession session, long contentId, int limit) => session.All(
        """
        SELECT r.name, c.digest FROM trash t JOIN repositories r ON r.id = t.repository_id JOIN content c ON c.id = t.content_id WHERE t.content_id = @1
        UNION ALL
        SELECT r.name, c.digest FROM trash_references f JOIN trash t ON t.id = f.entry_id JOIN repositories r ON r.id = t.repository_id
        JOIN content c ON c.id = t.content_id WHERE f.content_id = @1 LIMIT @2
        """,
        row => KeyValuePair.Create(RepositoryName.Parse(row.GetString(0)), Digest.Parse(row.GetString(1))),
        contentId,
        (long)limit);

    private static List<KeyValuePair<RepositoryName, Digest>> ReadReferring(SqliteSession session, long contentId, int limit) => session.All(
        """
        SELECT r.name, c.digest FROM manifest_references f JOIN repositories r ON r.id = f.repository_id
        JOIN manifests m ON m.id = f.manifest_id JOIN content c ON c.id = m.content_id
        WHERE f.content_id = @1 LIMIT @2
        """,
        row => KeyValuePair.Create(RepositoryName.Parse(row.GetString(0)), Digest.Parse(row.GetString(1))),
        contentId,
        limit);
}
