using Npgsql;
using Registry.Core.Collection.Records;
using Registry.Core.Inventory;
using Registry.Core.Inventory.Records;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres.Inventory;

/// <summary>Lists of what the registry has, in PostgreSQL.</summary>
/// <param name="database">The database.</param>
public sealed class PostgresInventory(PostgresDatabase database) : IInventory
{
    // Of the index of parts.
    private const int PartLength = 3;

    public async Task<IReadOnlyList<RepositoryRow>> ListRepositoriesAsync(IReadOnlyList<RepositoryRange> ranges, string? after, string part, int limit) =>
        await database.ReadAsync(session => ranges.ReadAsync(after, limit, (range, left) => session.AllAsync(
            """
            SELECT repository_id, name, pushed_at, pushed_by, size FROM repository_facts
            WHERE name >= $1 AND name < $2 AND position($3 IN name) > 0 ORDER BY name LIMIT $4
            """,
            ReadRepository,
            range.Start,
            range.End,
            part,
            left)));

    public async Task<IReadOnlyList<RepositoryRow>> ListRepositoriesAsync(RepositoryOrder order, ListPosition after, string part, int limit) =>
        await database.ReadAsync(session => session.AllAsync(
            order == RepositoryOrder.Size
                ? """
                SELECT repository_id, name, pushed_at, pushed_by, size FROM repository_facts
                WHERE (size, name) < ($1, $2) AND position($3 IN name) > 0 ORDER BY size DESC, name DESC LIMIT $4
                """
                : """
                SELECT repository_id, name, pushed_at, pushed_by, size FROM repository_facts
                WHERE (pushed_at, name) < ($1, $2) AND position($3 IN name) > 0 ORDER BY pushed_at DESC, name DESC LIMIT $4
                """,
            ReadRepository,
            after.Value,
            after.Name,
            part,
            (long)limit));

    // The inner query is planned without the limit: with it, PostgreSQL would expect matches so soon that it reads the table instead of the index.
    public async Task<IReadOnlyList<RepositoryRow>> SearchRepositoriesAsync(string part, int limit) => await database.ReadAsync(session => session.AllAsync(
        """
        SELECT f.repository_id, f.name, f.pushed_at, f.pushed_by, f.size FROM (SELECT repository_id FROM repository_names WHERE parts @> $1 OFFSET 0) n,
            LATERAL (SELECT * FROM repository_facts WHERE repository_id = n.repository_id OFFSET 0) f
        WHERE position($2 IN f.name) > 0 LIMIT $3
        """,
        ReadRepository,
        Enumerable.Range(0, part.Length - PartLength + 1).Select(start => part.Substring(start, PartLength)).Distinct().ToArray(),
        part,
        (long)limit));

    public async Task<IReadOnlyList<RepositoryCounts>> CountAsync(IReadOnlyList<long> ids, int limit) => await database.ReadAsync(session => session.AllAsync(
        """
        SELECT u.id, (SELECT count(*) FROM (SELECT 1 FROM tags WHERE repository_id = u.id ORDER BY repository_id, name LIMIT $2) t),
            (SELECT count(*) FROM (SELECT 1 FROM manifests WHERE repository_id = u.id ORDER BY repository_id, content_id LIMIT $2) m) FROM unnest($1::bigint[]) u (id)
        """,
        row => new RepositoryCounts(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)),
        ids.ToArray(),
        (long)limit));

    public async Task<IReadOnlyList<RepositoryTag>> FindTagsAsync(IReadOnlyList<long> ids, TagRange range) => await database.ReadAsync(session => session.AllAsync(
        """
        SELECT u.id, t.name FROM unnest($1::bigint[]) u (id),
            LATERAL (SELECT name FROM tags WHERE repository_id = u.id AND name >= $2 AND name < $3 ORDER BY repository_id, name LIMIT 1) t
        """,
        row => new RepositoryTag(row.GetInt64(0), row.GetString(1)),
        ids.ToArray(),
        range.Start,
        range.End));

    public async Task<IReadOnlyList<TagRow>> ListTagsAsync(RepositoryName repository, TagRange range, int limit) => await database.ReadAsync(session => session.AllAsync(
        """
        SELECT t.name, t.manifest_id, t.set_at, (SELECT actor FROM changes
            WHERE repository_id = t.repository_id AND tag = t.name AND kind = 5 AND source <> 4 AND previous IS DISTINCT FROM digest ORDER BY sequence + 0 DESC LIMIT 1)
        FROM tags t WHERE t.repository_id = (SELECT id FROM repositories WHERE name = $1) AND t.name >= $2 AND t.name < $3 ORDER BY t.name LIMIT $4
        """,
        ReadTag,
        repository.Value,
        range.Start,
        range.End,
        (long)limit));

    // PostgreSQL would take a plain condition for one that few tags meet, and sort them.
    public async Task<IReadOnlyList<TagRow>> ListNewestTagsAsync(RepositoryName repository, string prefix, ListPosition after, int limit) =>
        await database.ReadAsync(session => session.AllAsync(
            """
            SELECT t.name, t.manifest_id, t.set_at, (SELECT actor FROM changes
                WHERE repository_id = t.repository_id AND tag = t.name AND kind = 5 AND source <> 4 AND previous IS DISTINCT FROM digest ORDER BY sequence + 0 DESC LIMIT 1)
            FROM tags t WHERE t.repository_id = (SELECT id FROM repositories WHERE name = $1) AND (t.set_at, t.name) < ($2, $3)
            AND CASE WHEN left(t.name, length($4)) = $4 THEN true ELSE false END ORDER BY t.set_at DESC, t.name DESC LIMIT $5
            """,
            ReadTag,
            repository.Value,
            after.Value,
            after.Name,
            prefix,
            (long)limit));

    public async Task<IReadOnlyList<ListedManifest>> DescribeAsync(IReadOnlyCollection<long> ids, int tags, int references) => await database.ReadAsync(async session =>
    {
        var manifests = await session.AllAsync(
            """
            SELECT m.id, m.repository_id, c.digest, c.place, m.media_type, CASE WHEN octet_length(m.artifact_type) <= $2 THEN m.artifact_type END, m.subject, c.size, m.pushed_at
            FROM unnest($1::bigint[]) u (id), LATERAL (SELECT * FROM manifests WHERE id = u.id OFFSET 0) m,
                LATERAL (SELECT * FROM content WHERE id = m.content_id OFFSET 0) c
            """,
            row => (Repository: row.GetInt64(1), Row: new ListedManifest
            {
                Id = row.GetInt64(0),
                Digest = Digest.Parse(row.GetString(2)),
                Place = new BlobPlace(Digest.Parse(row.GetString(2)), ContentRows.ReadText(row, 3)),
                MediaType = row.GetString(4),
                ArtifactType = ContentRows.ReadText(row, 5),
                Subject = ContentRows.ReadText(row, 6) is { } subject ? Digest.Parse(subject) : null,
                Size = row.GetInt64(7),
                PushedAt = row.GetInt64(8),
                Tags = [],
            }),
            ids.ToArray(),
            (long)Referrer.MaxArtifactTypeBytes);

        // One round trip for all of them.
        var details = manifests.ConvertAll(manifest => (
            manifest.Row,
            Tags: session.Ask("SELECT name FROM tags WHERE manifest_id = $1 ORDER BY name LIMIT $2", row => row.GetString(0), manifest.Row.Id, (long)tags),
            Content: session.Ask(
                """
                SELECT u.content_id, (SELECT size FROM content WHERE id = u.content_id) FROM (
                    SELECT content_id FROM manifest_references WHERE manifest_id = $1
                    UNION ALL SELECT g.content_id FROM manifest_references f,
                        LATERAL (SELECT id FROM manifests WHERE repository_id = $2 AND content_id = f.content_id OFFSET 0) k,
                        LATERAL (SELECT content_id FROM manifest_references WHERE manifest_id = k.id OFFSET 0) g
                    WHERE f.manifest_id = $1 LIMIT $3) u
                """,
                row => (Id: row.GetInt64(0), Size: row.GetInt64(1)),
                manifest.Row.Id,
                manifest.Repository,
                references + 1L)));
        await session.SendAsync();
        return details.ConvertAll(detail => detail.Row with
        {
            Tags = detail.Tags,
            TotalSize = detail.Content.Count > references ? null : detail.Row.Size + detail.Content.Distinct().Sum(content => content.Size),
        });
    });

    public async Task<ManifestRelations?> FindManifestAsync(RepositoryName repository, Digest digest, int limit, int referrers) => await database.ReadAsync(async session =>
    {
        if (await ContentExplanation.FindManifestAsync(session, repository, digest) is not var (id, repositoryId, contentId, explanation))
        {
            return null;
        }

        var tags = session.Ask(
            """
            SELECT t.name, t.manifest_id, t.set_at, (SELECT actor FROM changes
                WHERE repository_id = t.repository_id AND tag = t.name AND kind = 5 AND source <> 4 AND previous IS DISTINCT FROM digest ORDER BY sequence + 0 DESC LIMIT 1)
            FROM tags t WHERE t.manifest_id = $1 ORDER BY t.name LIMIT $2
            """,
            ReadTag,
            id,
            (long)limit);
        var parents = session.Ask(
            """
            SELECT (SELECT digest FROM content WHERE id = m.content_id) FROM manifest_references f, LATERAL (SELECT content_id FROM manifests WHERE id = f.manifest_id OFFSET 0) m
            WHERE f.content_id = $1 AND f.repository_id = $2 LIMIT $3
            """,
            row => Digest.Parse(row.GetString(0)),
            contentId,
            repositoryId,
            (long)limit);
        var deleted = AskDeleted(session, repositoryId, contentId, limit);
        var count = session.Ask(
            "SELECT count(*) FROM (SELECT 1 FROM manifests WHERE repository_id = $1 AND subject = $2 ORDER BY repository_id, subject, id LIMIT $3) r",
            row => row.GetInt64(0),
            repositoryId,
            digest.Value,
            (long)referrers);
        await session.SendAsync();
        return new ManifestRelations
        {
            Id = id,
            Explanation = explanation with { Tags = [.. tags.Select(tag => tag.Name)] },
            Tags = tags,
            Parents = parents,
            DeletedParents = deleted,
            Referrers = count[0],
        };
    });

    public async Task<BlobRelations?> FindBlobAsync(RepositoryName repository, Digest digest, int limit) => await database.ReadAsync(async session =>
    {
        var found = await session.FirstAsync(
            """
            SELECT r.id, l.content_id, (SELECT size FROM content WHERE id = l.content_id), l.idle_since, r.pinned
            FROM repositories r, LATERAL (SELECT * FROM blob_links
                WHERE repository_id = r.id AND content_id = (SELECT id FROM content WHERE digest = $2) OFFSET 0) l WHERE r.name = $1
            """,
            row => (
                Repository: row.GetInt64(0),
                Content: row.GetInt64(1),
                Size: row.GetInt64(2),
                Link: new LinkRecord(repository, digest, ContentRows.ReadNumber(row, 3), row.GetBoolean(4))),
            repository.Value,
            digest.Value);
        if (found == default)
        {
            return null;
        }

        var manifests = session.Ask(
            "SELECT manifest_id FROM manifest_references WHERE content_id = $1 AND repository_id = $2 LIMIT $3",
            row => row.GetInt64(0),
            found.Content,
            found.Repository,
            (long)limit);
        var deleted = AskDeleted(session, found.Repository, found.Content, limit);
        await session.SendAsync();
        return new BlobRelations { Link = found.Link, Size = found.Size, Manifests = manifests, DeletedManifests = deleted };
    });

    public async Task<IReadOnlyList<long>> ListManifestsAsync(RepositoryName repository, Digest? after, int limit) => await database.ReadAsync(session => session.AllAsync(
        """
        SELECT id FROM manifests WHERE repository_id = (SELECT id FROM repositories WHERE name = $1) AND content_id > coalesce((
            SELECT c.id FROM content c, LATERAL (SELECT 1 FROM kept_manifests
                WHERE repository_id = (SELECT id FROM repositories WHERE name = $1) AND content_id = c.id LIMIT 1) k WHERE c.digest = $2), 0)
        ORDER BY repository_id, content_id LIMIT $3
        """,
        row => row.GetInt64(0),
        repository.Value,
        after?.Value,
        (long)limit));

    public async Task<IReadOnlyList<DigestRow>> FindDigestsAsync(string start, int limit) => await database.ReadAsync(session => session.AllAsync(
        """
        SELECT r.name, c.digest FROM content c, LATERAL (SELECT repository_id FROM manifests WHERE content_id = c.id OFFSET 0) m,
            LATERAL (SELECT name FROM repositories WHERE id = m.repository_id OFFSET 0) r
        WHERE c.digest >= $1 AND c.digest < $2 LIMIT $3
        """,
        ReadDigest,
        start,
        $"{start}g",
        (long)limit));

    public async Task<IReadOnlyList<DigestRow>> FindBlobsAsync(string start, int limit) => await database.ReadAsync(session => session.AllAsync(
        """
        SELECT r.name, c.digest FROM content c, LATERAL (SELECT repository_id FROM blob_links WHERE content_id = c.id OFFSET 0) l,
            LATERAL (SELECT name FROM repositories WHERE id = l.repository_id OFFSET 0) r
        WHERE c.digest >= $1 AND c.digest < $2 LIMIT $3
        """,
        ReadDigest,
        start,
        $"{start}g",
        (long)limit));

    // No content has the id 0: what is not stored is looked for as long as what others have.
    public async Task<IReadOnlyList<DigestRow>> FindBlobsAsync(string start, IReadOnlyList<long> ids) => await database.ReadAsync(session => session.AllAsync(
        """
        SELECT (SELECT name FROM repositories WHERE id = u.id), (SELECT digest FROM content WHERE id = l.content_id) FROM unnest($1::bigint[]) u (id),
            LATERAL (SELECT content_id FROM blob_links WHERE repository_id = u.id
                AND content_id = coalesce((SELECT id FROM content WHERE digest >= $2 AND digest < $3 ORDER BY digest LIMIT 1), 0) OFFSET 0) l
        """,
        ReadDigest,
        ids.ToArray(),
        start,
        $"{start}g"));

    // Manifests in the trash of a repository that refer to content.
    private static List<Digest> AskDeleted(PostgresSession session, long repositoryId, long contentId, int limit) => session.Ask(
        """
        SELECT (SELECT digest FROM content WHERE id = t.content_id) FROM trash_references f, LATERAL (SELECT content_id FROM trash WHERE id = f.entry_id OFFSET 0) t
        WHERE f.content_id = $1 AND f.repository_id = $2 LIMIT $3
        """,
        row => Digest.Parse(row.GetString(0)),
        contentId,
        repositoryId,
        (long)limit);

    private static RepositoryRow ReadRepository(NpgsqlDataReader row) =>
        new(row.GetInt64(0), row.GetString(1), row.GetInt64(2), ContentRows.ReadText(row, 3), row.GetInt64(4));

    private static DigestRow ReadDigest(NpgsqlDataReader row) => new(row.GetString(0), Digest.Parse(row.GetString(1)));

    private static TagRow ReadTag(NpgsqlDataReader row) => new(row.GetString(0), row.GetInt64(1), row.GetInt64(2), ContentRows.ReadText(row, 3));
}
