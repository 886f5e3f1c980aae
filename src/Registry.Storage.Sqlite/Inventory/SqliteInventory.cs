using Microsoft.Data.Sqlite;
using Registry.Core.Collection.Records;
using Registry.Core.Inventory;
using Registry.Core.Inventory.Records;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite.Inventory;

/// <summary>Lists of what the registry has, in SQLite.</summary>
/// <param name="database">The database.</param>
public sealed class SqliteInventory(SqliteDatabase database) : IInventory
{
    public async Task<IReadOnlyList<RepositoryRow>> ListRepositoriesAsync(IReadOnlyList<RepositoryRange> ranges, string? after, string part, int limit) =>
        await database.ReadAsync(session => ranges.Read(after, limit, (range, left) => session.All(
            """
            SELECT repository_id, name, pushed_at, pushed_by, size FROM repository_facts
            WHERE name >= @1 AND name < @2 AND instr(name, @3) > 0 ORDER BY name LIMIT @4
            """,
            ReadRepository,
            range.Start,
            range.End,
            part,
            left)));

    public async Task<IReadOnlyList<RepositoryRow>> ListRepositoriesAsync(RepositoryOrder order, ListPosition after, string part, int limit) =>
        await database.ReadAsync(session => session.All(
            order == RepositoryOrder.Size
                ? """
                SELECT repository_id, name, pushed_at, pushed_by, size FROM repository_facts
                WHERE (size, name) < (@1, @2) AND instr(name, @3) > 0 ORDER BY size DESC, name DESC LIMIT @4
                """
                : """
                SELECT repository_id, name, pushed_at, pushed_by, size FROM repository_facts
                WHERE (pushed_at, name) < (@1, @2) AND instr(name, @3) > 0 ORDER BY pushed_at DESC, name DESC LIMIT @4
                """,
            ReadRepository,
            after.Value,
            after.Name,
            part,
            (long)limit));

    // No character of a name has a meaning in a pattern of GLOB.
    public async Task<IReadOnlyList<RepositoryRow>> SearchRepositoriesAsync(string part, int limit) => await database.ReadAsync(session => session.All(
        """
        SELECT f.repository_id, f.name, f.pushed_at, f.pushed_by, f.size FROM repository_names n CROSS JOIN repository_facts f ON f.repository_id = n.rowid
        WHERE n.name GLOB @1 LIMIT @2
        """,
        ReadRepository,
        $"*{part}*",
        (long)limit));

    public async Task<IReadOnlyList<RepositoryCounts>> CountAsync(IReadOnlyList<long> ids, int limit) => await database.ReadAsync(session => session.All(
        """
        SELECT j.value, (SELECT COUNT(*) FROM (SELECT 1 FROM tags WHERE repository_id = j.value LIMIT @2)),
            (SELECT COUNT(*) FROM (SELECT 1 FROM manifests WHERE repository_id = j.value LIMIT @2)) FROM json_each(@1) j
        """,
        row => new RepositoryCounts(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)),
        JsonList.Of([.. ids]),
        (long)limit));

    public async Task<IReadOnlyList<RepositoryTag>> FindTagsAsync(IReadOnlyList<long> ids, TagRange range) => await database.ReadAsync(session => session.All(
        """
        SELECT j.value, t.name FROM json_each(@1) j CROSS JOIN tags t ON t.repository_id = j.value
            AND t.name = (SELECT name FROM tags WHERE repository_id = j.value AND name >= @2 AND name < @3 ORDER BY name LIMIT 1)
        """,
        row => new RepositoryTag(row.GetInt64(0), row.GetString(1)),
        JsonList.Of([.. ids]),
        range.Start,
        range.End));

    public async Task<IReadOnlyList<TagRow>> ListTagsAsync(RepositoryName repository, TagRange range, int limit) =>
        await database.ReadAsync(session => ContentRows.FindRepository(session, repository) is not { } id ? [] : session.All(
            """
            SELECT t.name, t.manifest_id, t.set_at, (SELECT actor FROM changes
                WHERE repository_id = t.repository_id AND tag = t.name AND kind = 5 AND source <> 4 AND previous IS NOT digest ORDER BY sequence DESC LIMIT 1)
            FROM tags t WHERE t.repository_id = @1 AND t.name >= @2 AND t.name < @3 ORDER BY t.name LIMIT @4
            """,
            ReadTag,
            id,
            range.Start,
            range.End,
            (long)limit));

    public async Task<IReadOnlyList<TagRow>> ListNewestTagsAsync(RepositoryName repository, string prefix, ListPosition after, int limit) =>
        await database.ReadAsync(session => ContentRows.FindRepository(session, repository) is not { } id ? [] : session.All(
            """
            SELECT t.name, t.manifest_id, t.set_at, (SELECT actor FROM changes
                WHERE repository_id = t.repository_id AND tag = t.name AND kind = 5 AND source <> 4 AND previous IS NOT digest ORDER BY sequence DESC LIMIT 1)
            FROM tags t WHERE t.repository_id = @1 AND (t.set_at, t.name) < (@2, @3) AND substr(t.name, 1, length(@4)) = @4
            ORDER BY t.set_at DESC, t.name DESC LIMIT @5
            """,
            ReadTag,
            id,
            after.Value,
            after.Name,
            prefix,
            (long)limit));

    public async Task<IReadOnlyList<ListedManifest>> DescribeAsync(IReadOnlyCollection<long> ids, int tags, int references) => await database.ReadAsync(session =>
    {
        var manifests = session.All(
            """
            SELECT m.id, m.repository_id, c.digest, c.place, m.media_type, iif(octet_length(m.artifact_type) <= @2, m.artifact_type, NULL), m.subject, c.size, m.pushed_at
            FROM json_each(@1) j CROSS JOIN manifests m ON m.id = j.value CROSS JOIN content c ON c.id = m.content_id
            """,
            row => (Repository: row.GetInt64(1), Row: new ListedManifest
            {
                Id = row.GetInt64(0),
                Digest = Digest.Parse(row.GetString(2)),
                Place = new BlobPlace(Digest.Parse(row.GetString(2)), ContentRows.ReadKey(row, 3)),
                MediaType = row.GetString(4),
                ArtifactType = row.IsDBNull(5) ? null : row.GetString(5),
                Subject = row.IsDBNull(6) ? null : Digest.Parse(row.GetString(6)),
                Size = row.GetInt64(7),
                PushedAt = row.GetInt64(8),
                Tags = [],
            }),
            JsonList.Of([.. ids]),
            (long)Referrer.MaxArtifactTypeBytes);
        return manifests.ConvertAll(manifest => manifest.Row with
        {
            Tags = session.All(
                "SELECT name FROM tags WHERE manifest_id = @1 AND repository_id = @2 ORDER BY name LIMIT @3",
                row => row.GetString(0),
                manifest.Row.Id,
                manifest.Repository,
                (long)tags),
            TotalSize = Sum(session, manifest.Row, manifest.Repository, references),
        });
    });

    public async Task<ManifestRelations?> FindManifestAsync(RepositoryName repository, Digest digest, int limit, int referrers) => await database.ReadAsync(session =>
    {
        if (ContentExplanation.FindManifest(session, repository, digest) is not var (id, repositoryId, contentId, explanation))
        {
            return null;
        }

        var tags = session.All(
            """
            SELECT t.name, t.manifest_id, t.set_at, (SELECT actor FROM changes
                WHERE repository_id = t.repository_id AND tag = t.name AND kind = 5 AND source <> 4 AND previous IS NOT digest ORDER BY sequence DESC LIMIT 1)
            FROM tags t WHERE t.manifest_id = @1 AND t.repository_id = @2 ORDER BY t.name LIMIT @3
            """,
            ReadTag,
            id,
            repositoryId,
            (long)limit);
        return new ManifestRelations
        {
            Id = id,
            Explanation = explanation with { Tags = tags.ConvertAll(tag => tag.Name) },
            Tags = tags,
            Parents = session.All(
                """
                SELECT c.digest FROM manifest_references f CROSS JOIN manifests m ON m.id = f.manifest_id CROSS JOIN content c ON c.id = m.content_id
                WHERE f.content_id = @1 AND f.repository_id = @2 LIMIT @3
                """,
                row => Digest.Parse(row.GetString(0)),
                contentId,
                repositoryId,
                (long)limit),
            DeletedParents = ListDeleted(session, repositoryId, contentId, limit),
            Referrers = session.Number(
                "SELECT COUNT(*) FROM (SELECT 1 FROM manifests WHERE repository_id = @1 AND subject = @2 LIMIT @3)", repositoryId, digest.Value, (long)referrers)!.Value,
        };
    });

    public async Task<BlobRelations?> FindBlobAsync(RepositoryName repository, Digest digest, int limit) => await database.ReadAsync(session =>
    {
        var found = session.First(
            """
            SELECT r.id, c.id, c.size, l.idle_since, r.pinned
            FROM repositories r CROSS JOIN content c ON c.digest = @2 CROSS JOIN blob_links l ON l.repository_id = r.id AND l.content_id = c.id WHERE r.name = @1
            """,
            row => (
                Repository: row.GetInt64(0),
                Content: row.GetInt64(1),
                Size: row.GetInt64(2),
                Link: new LinkRecord(repository, digest, row.IsDBNull(3) ? null : row.GetInt64(3), row.GetBoolean(4))),
            repository.Value,
            digest.Value);
        return found == default ? null : new BlobRelations
        {
            Link = found.Link,
            Size = found.Size,
            Manifests = session.All(
                "SELECT manifest_id FROM manifest_references WHERE content_id = @1 AND repository_id = @2 LIMIT @3",
                row => row.GetInt64(0),
                found.Content,
                found.Repository,
                (long)limit),
            DeletedManifests = ListDeleted(session, found.Repository, found.Content, limit),
        };
    });

    public async Task<IReadOnlyList<long>> ListManifestsAsync(RepositoryName repository, Digest? after, int limit) =>
        await database.ReadAsync(session => ContentRows.FindRepository(session, repository) is not { } id ? [] : session.All(
            """
            SELECT id FROM manifests WHERE repository_id = @1 AND content_id > coalesce((
                SELECT c.id FROM content c CROSS JOIN kept_manifests k ON k.repository_id = @1 AND k.content_id = c.id WHERE c.digest = @2), 0)
            ORDER BY content_id LIMIT @3
            """,
            row => row.GetInt64(0),
            id,
            after?.Value,
            (long)limit));

    public async Task<IReadOnlyList<DigestRow>> FindDigestsAsync(string start, int limit) => await database.ReadAsync(session => session.All(
        """
        SELECT r.name, c.digest FROM content c CROSS JOIN manifests m ON m.content_id = c.id CROSS JOIN repositories r ON r.id = m.repository_id
        WHERE c.digest >= @1 AND c.digest < @2 LIMIT @3
        """,
        ReadDigest,
        start,
        $"{start}g",
        (long)limit));

    public async Task<IReadOnlyList<DigestRow>> FindBlobsAsync(string start, int limit) => await database.ReadAsync(session => session.All(
        """
        SELECT r.name, c.digest FROM content c CROSS JOIN blob_links l ON l.content_id = c.id CROSS JOIN repositories r ON r.id = l.repository_id
        WHERE c.digest >= @1 AND c.digest < @2 LIMIT @3
        """,
        ReadDigest,
        start,
        $"{start}g",
        (long)limit));

    // No content has the id 0: what is not stored is looked for as long as what others have.
    public async Task<IReadOnlyList<DigestRow>> FindBlobsAsync(string start, IReadOnlyList<long> ids) => await database.ReadAsync(session => session.All(
        """
        SELECT r.name, c.digest FROM json_each(@1) j
        CROSS JOIN blob_links l ON l.repository_id = j.value AND l.content_id = coalesce((SELECT id FROM content WHERE digest >= @2 AND digest < @3 ORDER BY digest LIMIT 1), 0)
        CROSS JOIN repositories r ON r.id = l.repository_id CROSS JOIN content c ON c.id = l.content_id
        """,
        ReadDigest,
        JsonList.Of([.. ids]),
        start,
        $"{start}g"));

    // Manifests in the trash of a repository that refer to content.
    private static List<Digest> ListDeleted(SqliteSession session, long repositoryId, long contentId, int limit) => session.All(
        """
        SELECT c.digest FROM trash_references f CROSS JOIN trash t ON t.id = f.entry_id CROSS JOIN content c ON c.id = t.content_id
        WHERE f.content_id = @1 AND f.repository_id = @2 LIMIT @3
        """,
        row => Digest.Parse(row.GetString(0)),
        contentId,
        repositoryId,
        (long)limit);

    private static long? Sum(SqliteSession session, ListedManifest manifest, long repositoryId, int references)
    {
        var found = session.All(
            """
            SELECT c.id, c.size FROM (
                SELECT content_id FROM manifest_references WHERE manifest_id = @1
                UNION ALL SELECT g.content_id FROM manifest_references f CROSS JOIN manifests k ON k.repository_id = @2 AND k.content_id = f.content_id
                CROSS JOIN manifest_references g ON g.manifest_id = k.id WHERE f.manifest_id = @1 LIMIT @3) u
            CROSS JOIN content c ON c.id = u.content_id
            """,
            row => (Id: row.GetInt64(0), Size: row.GetInt64(1)),
            manifest.Id,
            repositoryId,
            references + 1L);
        return found.Count > references ? null : manifest.Size + found.Distinct().Sum(content => content.Size);
    }

    private static RepositoryRow ReadRepository(SqliteDataReader row) =>
        new(row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.IsDBNull(3) ? null : row.GetString(3), row.GetInt64(4));

    private static DigestRow ReadDigest(SqliteDataReader row) => new(row.GetString(0), Digest.Parse(row.GetString(1)));

    private static TagRow ReadTag(SqliteDataReader row) => new(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.IsDBNull(3) ? null : row.GetString(3));
}
