using Microsoft.Data.Sqlite;
using Registry.Core.Indexing;
using Registry.Core.Oci;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite;

/// <summary>Reads the tables, one repository at a time.</summary>
public sealed class SqliteMetadataListing(SqliteDatabase database) : IMetadataListing
{
    // Comes before all names, and after those that rows without a repository keep (RepositoryRows.Rename).
    private const string BeforeNames = "/";

    public async Task<IReadOnlyList<RepositoryName>> ListRepositoriesAsync(RepositoryName? after, int limit) => await database.ReadAsync(
        session => session.All(
            "SELECT name FROM repositories WHERE name > @1 ORDER BY name LIMIT @2",
            row => RepositoryName.Parse(row.GetString(0)),
            after?.Value ?? BeforeNames,
            limit));

    public Task<RepositoryContents> ReadAsync(RepositoryName repository) => database.ReadAsync(session =>
        ContentRows.FindRepository(session, repository) is not { } id
            ? RepositoryContents.None
            : new RepositoryContents
            {
                Tags = session.All(
                    """
                    SELECT t.name, c.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id JOIN content c ON c.id = m.content_id
                    WHERE t.repository_id = @1
                    """,
                    row => KeyValuePair.Create(Tag.Parse(row.GetString(0)), Digest.Parse(row.GetString(1))),
                    id).ToDictionary(),
                Manifests = session.All(
                    "SELECT c.digest FROM manifests m JOIN content c ON c.id = m.content_id WHERE m.repository_id = @1",
                    row => Digest.Parse(row.GetString(0)),
                    id).ToHashSet(),
                Blobs = session.All(
                    "SELECT c.digest FROM blob_links l JOIN content c ON c.id = l.content_id WHERE l.repository_id = @1",
                    row => Digest.Parse(row.GetString(0)),
                    id).ToHashSet(),
            });

    public async Task<IReadOnlyList<TreeLink>> ListLinksAsync(RepositoryName repository, TreeLink? after, int limit) => await database.ReadAsync(session =>
    {
        var links = new List<TreeLink>();
        if (ContentRows.FindRepository(session, repository) is { } id)
        {
            for (var kind = after?.Kind ?? TreeLinkKind.Blob; kind <= TreeLinkKind.Tag && links.Count < limit; kind++)
            {
                links.AddRange(ListLinks(session, id, kind, kind == after?.Kind ? after : null, limit - links.Count));
            }
        }

        return links;
    });

    private static List<TreeLink> ListLinks(SqliteSession session, long repositoryId, TreeLinkKind kind, TreeLink? after, int limit)
    {
        var (tag, position) = (after?.Tag?.Value ?? string.Empty, after?.Position ?? 0);
        return kind switch
        {
            TreeLinkKind.Blob => session.All(
                """
                SELECT c.digest, NULL, l.content_id FROM blob_links l JOIN content c ON c.id = l.content_id
                WHERE l.repository_id = @1 AND l.content_id > @2 ORDER BY l.content_id LIMIT @3
                """,
                Read,
                repositoryId,
                position,
                limit),
            TreeLinkKind.Manifest => session.All(
                """
                SELECT c.digest, NULL, m.content_id FROM manifests m JOIN content c ON c.id = m.content_id
                WHERE m.repository_id = @1 AND m.content_id > @2 ORDER BY m.content_id LIMIT @3
                """,
                Read,
                repositoryId,
                position,
                limit),
            TreeLinkKind.TagHistory => session.All(
                """
                SELECT c.digest, h.tag, h.manifest_id FROM tag_history h JOIN manifests m ON m.id = h.manifest_id JOIN content c ON c.id = m.content_id
                WHERE h.repository_id = @1 AND (h.tag, h.manifest_id) > (@2, @3) ORDER BY h.tag, h.manifest_id LIMIT @4
                """,
                Read,
                repositoryId,
                tag,
                position,
                limit),
            _ => session.All(
                """
                SELECT c.digest, t.name, t.manifest_id FROM tags t JOIN manifests m ON m.id = t.manifest_id JOIN content c ON c.id = m.content_id
                WHERE t.repository_id = @1 AND t.name > @2 ORDER BY t.name LIMIT @3
                """,
                Read,
                repositoryId,
                tag,
                limit),
        };

        TreeLink Read(SqliteDataReader row) => new(
            kind, Digest.Parse(row.GetString(0)), row.IsDBNull(1) ? null : Tag.Parse(row.GetString(1)), row.GetInt64(2));
    }
}
