using Npgsql;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Space;

namespace Registry.Storage.Postgres;

/// <summary>Queries for the computation of space, and its results.</summary>
/// <param name="database">The database.</param>
public sealed class PostgresSpaceMetadata(PostgresDatabase database) : ISpaceMetadata
{
    private const long SecondsOfDay = 24 * 60 * 60;

    // A link that something needs is not idle. Then only the trash may need it, which has few references. For EXISTS, each page would read all references into memory.
    private const string HoldingsOfPage =
        """
        SELECT l.content_id, l.repository_id, CASE
            WHEN (SELECT t.content_id FROM trash_references t WHERE t.content_id = l.content_id AND t.repository_id = l.repository_id LIMIT 1) IS NULL THEN true
            ELSE (SELECT f.content_id FROM manifest_references f WHERE f.content_id = l.content_id AND f.repository_id = l.repository_id LIMIT 1) IS NOT NULL END
        FROM blob_links l WHERE l.content_id > $1 AND l.content_id <= $2 AND l.idle_since IS NULL
        UNION ALL SELECT content_id, repository_id, true FROM manifests WHERE content_id > $1 AND content_id <= $2
        UNION ALL SELECT content_id, repository_id, false FROM trash WHERE content_id > $1 AND content_id <= $2
        """;

    public Task<ContentPage> ReadContentAsync(long afterId, int limit) => database.ReadAsync(async session =>
    {
        var contents = await session.AllAsync(
            "SELECT id, size FROM content WHERE id > $1 AND state >= 1 ORDER BY id LIMIT $2",
            row => new StoredSize(row.GetInt64(0), row.GetInt64(1)),
            afterId,
            (long)limit);
        return new ContentPage(contents, contents.Count == 0 ? [] : await session.AllAsync(
            HoldingsOfPage, row => new Holding(row.GetInt64(0), row.GetInt64(1), row.GetBoolean(2)), afterId, contents[^1].Id));
    });

    public Task SaveRepositoriesAsync(long afterId, long lastId, IReadOnlyList<RepositorySpace> repositories)
    {
        ArgumentNullException.ThrowIfNull(repositories);
        var ids = repositories.Select(one => one.RepositoryId).ToArray();
        return database.WriteAsync(
            session =>
            {
                session.Queue("DELETE FROM space_repositories WHERE repository_id > $1 AND repository_id <= $2 AND repository_id <> ALL ($3)", afterId, lastId, ids);
                session.Queue(
                    """
                    INSERT INTO space_repositories AS s (repository_id, referred, only_here, trashed)
                    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
                    ON CONFLICT (repository_id) DO UPDATE SET referred = excluded.referred, only_here = excluded.only_here, trashed = excluded.trashed
                    WHERE s.referred <> excluded.referred OR s.only_here <> excluded.only_here OR s.trashed <> excluded.trashed
                    """,
                    ids,
                    repositories.Select(one => one.Referred).ToArray(),
                    repositories.Select(one => one.Unique).ToArray(),
                    repositories.Select(one => one.Trash).ToArray());
                session.Queue(
                    """
                    UPDATE repository_facts f SET size = (SELECT referred FROM unnest($1::bigint[], $2::bigint[]) u (id, referred) WHERE id = f.repository_id)
                    WHERE repository_id = ANY ($1) AND size <> (SELECT referred FROM unnest($1::bigint[], $2::bigint[]) u (id, referred) WHERE id = f.repository_id)
                    """,
                    ids,
                    repositories.Select(one => one.Referred).ToArray());
            },
            isDurable: false,
            isRepeatable: true);
    }

    public Task SaveSumsAsync(SpaceSums sums, int keptDays)
    {
        ArgumentNullException.ThrowIfNull(sums);
        return database.WriteAsync(
            session =>
            {
                session.Queue(
                    """
                    INSERT INTO space_days (day, round, at, clock, repositories, referred, only_one, shared, trashed, unreferenced, uploads)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                    ON CONFLICT (day) DO UPDATE SET round = excluded.round, at = excluded.at, clock = excluded.clock, repositories = excluded.repositories,
                        referred = excluded.referred, only_one = excluded.only_one, shared = excluded.shared, trashed = excluded.trashed,
                        unreferenced = excluded.unreferenced, uploads = excluded.uploads
                    """,
                    sums.At.ToUnixTimeSeconds() / SecondsOfDay,
                    sums.Round,
                    sums.At.ToUnixTimeMilliseconds(),
                    sums.Clock,
                    sums.Repositories,
                    sums.Referred,
                    sums.Unique,
                    sums.Shared,
                    sums.Trash,
                    sums.Unreferenced,
                    sums.Uploads);

                // Not by age: a wrong clock removes one day.
                session.Queue("DELETE FROM space_days WHERE round <= (SELECT round FROM space_days ORDER BY round DESC LIMIT 1 OFFSET $1)", (long)keptDays);
            },
            isDurable: false,
            isRepeatable: true);
    }

    public async Task<IReadOnlyList<SpaceSums>> ReadDaysAsync() => await database.ReadAsync(session => session.AllAsync(
        "SELECT round, at, clock, repositories, referred, only_one, shared, trashed, unreferenced, uploads FROM space_days ORDER BY day",
        row => new SpaceSums
        {
            Round = row.GetInt64(0),
            At = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)),
            Clock = row.GetInt64(2),
            Repositories = row.GetInt64(3),
            Referred = row.GetInt64(4),
            Unique = row.GetInt64(5),
            Shared = row.GetInt64(6),
            Trash = row.GetInt64(7),
            Unreferenced = row.GetInt64(8),
            Uploads = row.GetInt64(9),
        }));

    public Task<Page<NamedSpace>> ListRepositoriesAsync(IReadOnlyList<RepositoryRange> ranges, string? last, int limit) =>
        database.ReadAsync(async session => (await ranges.ReadAsync(last, limit + 1L, (range, left) => session.AllAsync(
            """
            SELECT r.name, s.repository_id, s.referred, s.only_here, s.trashed FROM repositories r JOIN space_repositories s ON s.repository_id = r.id
            WHERE r.name >= $1 AND r.name < $2 ORDER BY r.name LIMIT $3
            """,
            row => new NamedSpace(row.GetString(0), Read(row, 1)),
            range.Start,
            range.End,
            left))).ToPage(limit));

    public async Task<IReadOnlyList<NamedSpace>> ListLargestAsync(int limit) => await database.ReadAsync(session => session.AllAsync(
        """
        SELECT r.name, s.repository_id, s.referred, s.only_here, s.trashed FROM
            (SELECT * FROM space_repositories WHERE only_here > 0 ORDER BY only_here DESC LIMIT $1) s, LATERAL (SELECT name FROM repositories WHERE id = s.repository_id OFFSET 0) r
        """,
        row => new NamedSpace(row.GetString(0), Read(row, 1)),
        (long)limit));

    public Task<RepositorySpace?> FindRepositoryAsync(RepositoryName repository) => database.ReadAsync(session => session.FirstAsync(
        """
        SELECT s.repository_id, s.referred, s.only_here, s.trashed FROM repositories r JOIN space_repositories s ON s.repository_id = r.id WHERE r.name = $1
        """,
        row => (RepositorySpace?)Read(row, 0),
        repository.Value));

    public Task<RepositoryContent?> ReadRepositoryAsync(RepositoryName repository, int limit) => database.ReadAsync(async session =>
    {
        var id = await session.NumberAsync("SELECT id FROM repositories WHERE name = $1", repository.Value) ?? 0;
        var manifests = await session.AllAsync(
            """
            SELECT m.content_id, c.digest, CASE WHEN c.state >= 1 THEN c.size ELSE 0 END, (SELECT s.id FROM content s WHERE s.digest = m.subject),
                coalesce(
                    (SELECT k.content_id FROM kept_manifests k WHERE k.content_id = m.content_id AND k.repository_id <> $1 LIMIT 1),
                    (SELECT l.content_id FROM blob_links l WHERE l.content_id = m.content_id AND l.repository_id <> $1 AND l.idle_since IS NULL LIMIT 1)) IS NOT NULL
            FROM manifests m JOIN content c ON c.id = m.content_id WHERE m.repository_id = $1 LIMIT $2
            """,
            row => new ManifestSize(
                row.GetInt64(0), Digest.Parse(row.GetString(1)), row.GetInt64(2), row.IsDBNull(3) ? null : row.GetInt64(3), row.GetBoolean(4)),
            id,
            limit + 1L);
        if (manifests.Count > limit)
        {
            return null;
        }

        var references = await session.AllAsync(
            "SELECT m.content_id, f.content_id FROM manifests m JOIN manifest_references f ON f.manifest_id = m.id WHERE m.repository_id = $1 LIMIT $2",
            row => new ContentReference(row.GetInt64(0), row.GetInt64(1)),
            id,
            limit + 1L);
        if (references.Count > limit)
        {
            return null;
        }

        var blobs = await session.AllAsync(
            """
            SELECT b.content_id, CASE WHEN c.state >= 1 THEN c.size ELSE 0 END,
                coalesce(
                    (SELECT l.content_id FROM blob_links l WHERE l.content_id = b.content_id AND l.repository_id <> $1 AND l.idle_since IS NULL LIMIT 1),
                    (SELECT k.content_id FROM kept_manifests k WHERE k.content_id = b.content_id AND k.repository_id <> $1 LIMIT 1)) IS NOT NULL
            FROM blob_links b JOIN content c ON c.id = b.content_id WHERE b.repository_id = $1 AND b.idle_since IS NULL LIMIT $2
            """,
            row => new BlobSize(row.GetInt64(0), row.GetInt64(1), row.GetBoolean(2)),
            id,
            limit + 1L);
        var tags = await session.AllAsync(
            "SELECT t.name, m.content_id FROM tags t JOIN manifests m ON m.id = t.manifest_id WHERE t.repository_id = $1 LIMIT $2",
            row => new TaggedContent(row.GetString(0), row.GetInt64(1)),
            id,
            limit + 1L);
        return blobs.Count > limit || tags.Count > limit
            ? null
            : new RepositoryContent { Manifests = manifests, References = references, Blobs = blobs, Tags = tags };
    });

    private static RepositorySpace Read(NpgsqlDataReader row, int first) =>
        new(row.GetInt64(first), row.GetInt64(first + 1), row.GetInt64(first + 2), row.GetInt64(first + 3));
}
