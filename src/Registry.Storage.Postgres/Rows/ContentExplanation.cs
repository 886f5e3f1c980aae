using Npgsql;
using Registry.Core.Collection.Records;
using Registry.Core.Oci;

namespace Registry.Storage.Postgres.Rows;

/// <summary>Reads the reasons for which a blob or manifest is kept.</summary>
internal static class ContentExplanation
{
    /// <summary>Explains a digest, with at most the given number of entries of each kind.</summary>
    public static async Task<BlobExplanation> ReadAsync(PostgresSession session, Digest digest, int limit)
    {
        var content = await session.FirstAsync(
            "SELECT id, size, state, place FROM content WHERE digest = $1",
            row => (Id: row.GetInt64(0), Size: row.GetInt64(1), State: row.GetInt64(2), Key: ContentRows.ReadText(row, 3)),
            digest.Value);
        if (content == default)
        {
            return new BlobExplanation { State = BlobState.Unknown };
        }

        var links = AskLinks(session, content.Id, digest, limit);
        var referring = AskReferring(session, content.Id, limit);
        var trash = AskTrash(session, content.Id, limit);
        return new BlobExplanation
        {
            State = ContentRows.StateOf(content.State),
            Size = content.Size,
            Key = content.Key,
            ManifestOf = await ReadManifestsAsync(session, content.Id, digest, limit),
            Links = links,
            NeededBy = referring,
            KeptByTrash = trash,
        };
    }

    private static List<LinkRecord> AskLinks(PostgresSession session, long contentId, Digest digest, int limit) => session.Ask(
        """
        SELECT r.name, l.idle_since, r.pinned FROM blob_links l JOIN repositories r ON r.id = l.repository_id
        WHERE l.content_id = $1 LIMIT $2
        """,
        row => new LinkRecord(RepositoryName.Parse(row.GetString(0)), digest, ContentRows.ReadNumber(row, 1), row.GetBoolean(2)),
        contentId,
        limit);

    private static List<KeyValuePair<RepositoryName, Digest>> AskReferring(PostgresSession session, long contentId, int limit) => session.Ask(
        """
        SELECT r.name, c.digest FROM manifest_references f JOIN repositories r ON r.id = f.repository_id
        JOIN manifests m ON m.id = f.manifest_id JOIN content c ON c.id = m.content_id
        WHERE f.content_id = $1 LIMIT $2
        """,
        row => KeyValuePair.Create(RepositoryName.Parse(row.GetString(0)), Digest.Parse(row.GetString(1))),
        contentId,
        limit);

    private static List<KeyValuePair<RepositoryName, Digest>> AskTrash(PostgresSession session, long contentId, int limit) => session.Ask(
        """
        SELECT r.name, c.digest FROM trash t JOIN repositories r ON r.id = t.repository_id JOIN content c ON c.id = t.content_id WHERE t.content_id = $1
        UNION ALL
        SELECT r.name, c.digest FROM trash_references f JOIN trash t ON t.id = f.entry_id JOIN repositories r ON r.id = t.repository_id
        JOIN content c ON c.id = t.content_id WHERE f.content_id = $1 LIMIT $2
        """,
        row => KeyValuePair.Create(RepositoryName.Parse(row.GetString(0)), Digest.Parse(row.GetString(1))),
        contentId,
        limit);

    /// <summary>Explains a manifest of one repository; null for an unknown one.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The manifest.</param>
    /// <returns>Rows of the manifest, its repository and its bytes, and what keeps it, without its tags.</returns>
    public static async Task<(long Id, long Repository, long Content, ManifestExplanation Explanation)?> FindManifestAsync(
        PostgresSession session, RepositoryName repository, Digest digest)
    {
        var found = await session.FirstAsync(
            """
            SELECT m.id, r.name, m.idle_since, m.is_root, r.pinned, m.pushed_at, coalesce((
                    SELECT settled_to < m.id FROM unsettled_subjects WHERE repository_id = m.repository_id AND subject = m.subject), false), (
                SELECT s.digest FROM content s JOIN kept_manifests o ON o.repository_id = m.repository_id AND o.content_id = s.id WHERE s.digest = m.subject),
                r.upstream, m.repository_id, m.content_id
            FROM repositories r, LATERAL (SELECT * FROM manifests
                WHERE repository_id = r.id AND content_id = (SELECT id FROM content WHERE digest = $2) OFFSET 0) m WHERE r.name = $1
            """,
            row => (Row: ReadRow(row, digest), Repository: row.GetInt64(9), Content: row.GetInt64(10)),
            repository.Value,
            digest.Value);
        return found == default ? null : (found.Row.Id, found.Repository, found.Content, Explain(found.Row, []));
    }

    private static async Task<List<ManifestExplanation>> ReadManifestsAsync(PostgresSession session, long contentId, Digest digest, int limit)
    {
        var manifests = await session.AllAsync(
            """
            SELECT m.id, r.name, m.idle_since, m.is_root, r.pinned, m.pushed_at, coalesce(u.settled_to < m.id, false), (
                SELECT s.digest FROM content s JOIN kept_manifests o ON o.repository_id = m.repository_id AND o.content_id = s.id WHERE s.digest = m.subject),
                r.upstream
            FROM manifests m JOIN repositories r ON r.id = m.repository_id
            LEFT JOIN unsettled_subjects u ON u.repository_id = m.repository_id AND u.subject = m.subject
            WHERE m.content_id = $1 LIMIT $2
            """,
            row => ReadRow(row, digest),
            contentId,
            limit);
        var tags = manifests.ConvertAll(manifest => session.Ask(
            "SELECT name FROM tags WHERE manifest_id = $1 ORDER BY name LIMIT $2", row => row.GetString(0), manifest.Id, limit));
        await session.SendAsync();
        return [.. manifests.Zip(tags, Explain)];
    }

    private static (long Id, ManifestRecord Record, bool IsUnsettled, string? Subject) ReadRow(NpgsqlDataReader row, Digest digest) => (
        row.GetInt64(0),
        new ManifestRecord(
            RepositoryName.Parse(row.GetString(1)), digest, ContentRows.ReadNumber(row, 2), row.GetBoolean(3), row.GetBoolean(4), row.GetInt64(5))
        {
            Upstream = ContentRows.ReadText(row, 8),
        },
        row.GetBoolean(6),
        ContentRows.ReadText(row, 7));

    private static ManifestExplanation Explain((long Id, ManifestRecord Record, bool IsUnsettled, string? Subject) manifest, IReadOnlyList<string> tags) =>
        new(manifest.Record, tags, manifest.Subject is { } subject ? Digest.Parse(subject) : null, manifest.IsUnsettled);
}
