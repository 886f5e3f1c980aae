using Registry.Core.Indexing;
using Registry.Core.Oci;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite;

/// <summary>Reads the tables, one repository at a time.</summary>
public sealed class SqliteMetadataListing(SqliteDatabase database) : IMetadataListing
{
    public async Task<IReadOnlyList<RepositoryName>> ListRepositoriesAsync(RepositoryName? after, int limit) => await database.ReadAsync(
        session => session.All(
            "SELECT name FROM repositories WHERE name > @1 ORDER BY name LIMIT @2",
            row => RepositoryName.Parse(row.GetString(0)),
            after?.Value ?? string.Empty,
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
}
