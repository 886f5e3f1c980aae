using Npgsql;
using Registry.Core.Indexing;
using Registry.Core.Oci;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres;

/// <summary>Reads the tables, one repository at a time.</summary>
public sealed class PostgresMetadataListing(PostgresDatabase database) : IMetadataListing
{
    // Comes before all names, and after those that rows without a repository keep (RepositoryRows.Rename).
    private const string BeforeNames = "/";

    public async Task<IReadOnlyList<RepositoryName>> ListRepositoriesAsync(RepositoryName? after, int limit) => await database.ReadAsync(
        session => session.AllAsync(
            "SELECT name FROM repositories WHERE name > $1 ORDER BY name LIMIT $2",
            row => RepositoryName.Parse(row.GetString(0)),
            after?.Value ?? BeforeNames,
            limit));

    public Task<RepositoryContents> ReadAsync(RepositoryName repository) => database.ReadAsync(async session =>
    {
        var tags = session.Ask(
            """
            SELECT t.name, c.digest FROM repositories r JOIN tags t ON t.repository_id = r.id JOIN manifests m ON m.id = t.manifest_id
            JOIN content c ON c.id = m.content_id WHERE r.name = $1
            """,
            row => KeyValuePair.Create(Tag.Parse(row.GetString(0)), Digest.Parse(row.GetString(1))),
            repository.Value);
        var manifests = session.Ask(
            "SELECT c.digest FROM repositories r JOIN manifests m ON m.repository_id = r.id JOIN content c ON c.id = m.content_id WHERE r.name = $1",
            row => Digest.Parse(row.GetString(0)),
            repository.Value);
        var blobs = session.Ask(
            "SELECT c.digest FROM repositories r JOIN blob_links l ON l.repository_id = r.id JOIN content c ON c.id = l.content_id WHERE r.name = $1",
            row => Digest.Parse(row.GetString(0)),
            repository.Value);
        await session.SendAsync();
        return new RepositoryContents { Tags = tags.ToDictionary(), Manifests = manifests.ToHashSet(), Blobs = blobs.ToHashSet() };
    });

    public async Task<IReadOnlyList<TreeLink>> ListLinksAsync(RepositoryName repository, TreeLink? after, int limit) => await database.ReadAsync(
        async session =>
        {
            var links = new List<TreeLink>();
            for (var kind = after?.Kind ?? TreeLinkKind.Blob; kind <= TreeLinkKind.Tag && links.Count < limit; kind++)
            {
                links.AddRange(await ListLinksAsync(session, repository, kind, kind == after?.Kind ? after : null, limit - links.Count));
            }

            return links;
        });

    private static Task<List<TreeLink>> ListLinksAsync(PostgresSession session, RepositoryName repository, TreeLinkKind kind, TreeLink? after, int limit)
    {
        // The second comparison of the same id is for a merge of both tables: it begins at the page, not at the first row.
        var (tag, position) = (after?.Tag?.Value ?? string.Empty, after?.Position ?? 0);
        return kind switch
        {
            TreeLinkKind.Blob => session.AllAsync(
                """
                SELECT c.digest, NULL::text, l.content_id FROM blob_links l JOIN content c ON c.id = l.content_id
                WHERE l.repository_id = (SELECT id FROM repositories WHERE name = $1) AND l.content_id > $2 AND c.id > $2 ORDER BY l.content_id LIMIT $3
                """,
                Read,
                repository.Value,
                position,
                limit),
            TreeLinkKind.Manifest => session.AllAsync(
                """
                SELECT c.digest, NULL::text, m.content_id FROM (
                    SELECT content_id FROM manifests WHERE repository_id = (SELECT id FROM repositories WHERE name = $1) AND content_id > $2
                    ORDER BY content_id LIMIT $3) m
                JOIN content c ON c.id = m.content_id AND c.id > $2 ORDER BY m.content_id
                """,
                Read,
                repository.Value,
                position,
                limit),
            TreeLinkKind.TagHistory => session.AllAsync(
                """
                SELECT c.digest, h.tag, h.manifest_id FROM tag_history h JOIN manifests m ON m.id = h.manifest_id JOIN content c ON c.id = m.content_id
                WHERE h.repository_id = (SELECT id FROM repositories WHERE name = $1) AND (h.tag, h.manifest_id) > ($2, $3) ORDER BY h.tag, h.manifest_id LIMIT $4
                """,
                Read,
                repository.Value,
                tag,
                position,
                limit),
            _ => session.AllAsync(
                """
                SELECT c.digest, t.name, t.manifest_id FROM tags t JOIN manifests m ON m.id = t.manifest_id JOIN content c ON c.id = m.content_id
                WHERE t.repository_id = (SELECT id FROM repositories WHERE name = $1) AND t.name > $2 ORDER BY t.name LIMIT $3
                """,
                Read,
                repository.Value,
                tag,
                limit),
        };

        TreeLink Read(NpgsqlDataReader row) => new(
            kind, Digest.Parse(row.GetString(0)), ContentRows.ReadText(row, 1) is { } name ? Tag.Parse(name) : null, row.GetInt64(2));
    }
}
