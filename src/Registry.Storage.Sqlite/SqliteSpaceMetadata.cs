using Microsoft.Data.Sqlite;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Space;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite;

/// <summary>Queries for the computation of space, and its results.</summary>
/// <param name="database">The database.</param>
public sealed class SqliteSpaceMetadata(SqliteDatabase database) : ISpaceMetadata
{
    private const long SecondsOfDay = 24 * 60 * 60;

    // A link that something needs is not idle. Then only the trash may need it, which has few references.
    private const string HoldingsOfPage =
        """
        SELECT l.content_id, l.repository_id, NOT EXISTS (
                SELECT 1 FROM trash_references t WHERE t.content_id = l.content_id AND t.repository_id = l.repository_id
            ) OR EXISTS (SELECT 1 FROM manifest_references f WHERE f.content_id = l.content_id AND f.repository_id = l.repository_id)
        FROM blob_links l WHERE l.content_id > @1 AND l.content_id <= @2 AND l.idle_since IS NULL
        UNION ALL SELECT content_id, repository_id, 1 FROM manifests WHERE content_id > @1 AND content_id <= @2
        UNION ALL SELECT content_id, repository_id, 0 FROM trash WHERE content_id > @1 AND content_id <= @2
        """;

    public Task<ContentPage> ReadContentAsync(long afterId, int limit) => database.ReadAsync(session =>
    {
        var contents = session.All(
            "SELECT id, size FROM content WHERE id > @1 AND state >= 1 ORDER BY id LIMIT @2",
            row => new StoredSize(row.GetInt64(0), row.GetInt64(1)),
            afterId,
            limit);
        return new ContentPage(contents, contents.Count == 0 ? [] : session.All(
            HoldingsOfPage, row => new Holding(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2) != 0), afterId, contents[^1].Id));
    });

    public Task SaveRepositoriesAsync(long afterId, long lastId, IReadOnlyList<RepositorySpace> repositories)
    {
        ArgumentNullException.ThrowIfNull(repositories);
        return database.WriteUnsyncedAsync(session =>
        {
            session.Execute(
                "DELETE FROM space_repositories WHERE repository_id > @1 AND repository_id <= @2 AND repository_id NOT IN (SELECT value FROM json_each(@3))",
                afterId,
                lastId,
                JsonList.Of([.. repositories.Select(one => one.RepositoryId)]));
            foreach (var one in repositories)
            {
                session.Execute(
                    """
                    INSERT INTO space_repositories (repository_id, referred, only_here, trashed) VALUES (@1, @2, @3, @4)
                    ON CONFLICT (repository_id) DO UPDATE SET referred = excluded.referred, only_here = excluded.only_here, trashed = excluded.trashed
                    WHERE referred <> excluded.referred OR only_here <> excluded.only_here OR trashed <> excluded.trashed
                    """,
                    one.RepositoryId,
                    one.Referred,
                    one.Unique,
                    one.Trash);
                session.Execute("UPDATE repository_facts SET size = @2 WHERE repository_id = @1 AND size <> @2", one.RepositoryId, one.Referred);
            }
        });
    }

    public Task SaveSumsAsync(SpaceSums sums, int keptDays)
    {
        ArgumentNullException.ThrowIfNull(sums);
        return database.WriteUnsyncedAsync(session =>
        {
            session.Execute(
                """
                INSERT OR REPLACE INTO space_days (day, round, at, clock, repositories, referred, only_one, shared, trashed, unreferenced, uploads)
                VALUES (@1, @2, @3, @4, @5, @6, @7, @8, @9, @10, @11)
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
            session.Execute("DELETE FROM space_days WHERE round <= (SELECT round FROM space_days ORDER BY round DESC LIMIT 1 OFFSET @1)", keptDays);
        });
    }

    public async Task<IReadOnlyList<SpaceSums>> ReadDaysAsync() => await database.ReadAsync(session => session.All(
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
        // In the order of the names: SQLite does not reorder a CROSS JOIN.
        database.ReadAsync(session => ranges.Read(last, limit + 1L, (range, left) => session.All(
            """
            SELECT r.name, s.repository_id, s.referred, s.only_here, s.trashed FROM repositories r CROSS JOIN space_repositories s ON s.repository_id = r.id
            WHERE r.name >= @1 AND r.name < @2 ORDER BY r.name LIMIT @3
            """,
            row => new NamedSpace(row.GetString(0), Read(row, 1)),
            range.Start,
            range.End,
            left)).ToPage(limit));

    public async Task<IReadOnlyList<NamedSpace>> ListLargestAsync(int limit) => await database.ReadAsync(session => session.All(
        """
        SELECT r.name, s.repository_id, s.referred, s.only_here, s.trashed FROM space_repositories s CROSS JOIN repositories r ON r.id = s.repository_id
        WHERE s.only_here > 0 ORDER BY s.only_here DESC LIMIT @1
        """,
        row => new NamedSpace(row.GetString(0), Read(row, 1)),
        (long)limit));

    public Task<RepositorySpace?> FindRepositoryAsync(RepositoryName repository) => database.ReadAsync(session => session.First(
        """
        SELECT s.repository_id, s.referred, s.only_here, s.trashed FROM repositories r JOIN space_repositories s ON s.repository_id = r.id WHERE r.name = @1
        """,
        row => (RepositorySpace?)Read(row, 0),
        repository.Value));

    public Task<RepositoryContent?> ReadRepositoryAsync(RepositoryName repository, int limit) => database.ReadAsync(session =>
    {
        var id = ContentRows.FindRepository(session, repository) ?? 0;
        var manifests = session.All(
            """
            SELECT m.content_id, c.digest, iif(c.state >= 1, c.size, 0), (SELECT s.id FROM content s WHERE s.digest = m.subject),
                EXISTS (SELECT 1 FROM kept_manifests k WHERE k.content_id = m.content_id AND k.repository_id <> @1)
                OR EXISTS (SELECT 1 FROM blob_links l WHERE l.content_id = m.content_id AND l.repository_id <> @1 AND l.idle_since IS NULL)
            FROM manifests m JOIN content c ON c.id = m.content_id WHERE m.repository_id = @1 LIMIT @2
            """,
            row => new ManifestSize(
                row.GetInt64(0), Digest.Parse(row.GetString(1)), row.GetInt64(2), row.IsDBNull(3) ? null : row.GetInt64(3), row.GetInt64(4) != 0),
            id,
            limit + 1L);
        if (manifests.Count > limit)
        {
            return null;
        }

        var references = session.All(
            "SELECT m.content_id, f.content_id FROM manifests m JOIN manifest_references f ON f.manifest_id = m.id WHERE m.repository_id = @1 LIMIT @2",
            row => new ContentReference(row.GetInt64(0), row.GetInt64(1)),
            id,
            limit + 1L);
        if (references.Count > limit)
        {
            return null;
        }

        var blobs = session.All(
            """
            SELECT b.content_id, iif(c.state >= 1, c.size, 0),
                EXISTS (SELECT 1 FROM blob_links l WHERE l.content_id = b.content_id AND l.repository_id <> @1 AND l.idle_since IS NULL)
                OR EXISTS (SELECT 1 FROM kept_manifests k WHERE k.content_id = b.content_id AND k.repository_id <> @1)
            FROM blob_links b JOIN content c ON c.id = b.content_id WHERE b.repository_id = @1 AND b.idle_since IS NULL LIMIT @2
            """,
            row => new BlobSize(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2) != 0),
            id,
            limit + 1L);
        var tags = session.All(
            "SELECT t.name, m.content_id FROM tags t JOIN manifests m ON m.id = t.manifest_id WHERE t.repository_id = @1 LIMIT @2",
            row => new TaggedContent(row.GetString(0), row.GetInt64(1)),
            id,
            limit + 1L);
        return blobs.Count > limit || tags.Count > limit
            ? null
            : new RepositoryContent { Manifests = manifests, References = references, Blobs = blobs, Tags = tags };
    });

    private static RepositorySpace Read(SqliteDataReader row, int first) =>
        new(row.GetInt64(first), row.GetInt64(first + 1), row.GetInt64(first + 2), row.GetInt64(first + 3));
}
