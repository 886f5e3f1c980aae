using Npgsql;
using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Collection.Records;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Rows;
using Registry.Storage.Postgres.Trash;

namespace Registry.Storage.Postgres;

/// <summary>Queries and changes of the collector.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
/// <param name="rules">Rules about changes.</param>
public sealed class PostgresCollectorMetadata(PostgresDatabase database, TimeProvider time, IChangeRules rules) : ICollectorMetadata
{
    // Reasons of the changes.
    private const string Expired = "expired";
    private const string Untagged = "untagged";

    // Few enough that pushes to the repository hardly wait.
    private const int ManifestsPerTransaction = 20;
    private const int LinksPerTransaction = 200;

    public long PausedUntil => database.PausedUntil;

    public Task<long> SaveClockAsync(long pausedUntil) => database.SavePauseAsync(pausedUntil);

    public async Task<IReadOnlyList<ManifestRecord>> ListIdleManifestsAsync(TimeSpan grace, bool withRoots, int limit) =>
        await database.ReadAsync(async session =>
        {
            var listed = await ListIdleManifestsAsync(session, isRoot: false, grace, limit);
            if (withRoots)
            {
                listed.AddRange(await ListIdleManifestsAsync(session, isRoot: true, grace, limit - listed.Count));
            }

            return listed;
        });

    public async Task<IReadOnlyList<Digest>> ExpireManifestsAsync(
        RepositoryName repository, IReadOnlyList<Digest> digests, TimeSpan grace, bool withRoots, ChangeOrigin origin)
    {
        var expired = new List<Digest>();
        foreach (var some in digests.Chunk(ManifestsPerTransaction))
        {
            var gone = await database.WriteAloneAsync(repository, session => ManifestRows.ExpireAsync(
                session, Begin(origin, withRoots ? Untagged : Expired), repository, some, SecondsOf(grace), withRoots));
            expired.AddRange(gone.Value);
        }

        return expired;
    }

    public async Task<IReadOnlyList<UnsettledSubject>> ListUnsettledSubjectsAsync(int limit) =>
        await database.ReadAsync(session => SubjectRows.ListAsync(session, limit));

    public async Task<bool> SettleReferrersAsync(UnsettledSubject unsettled)
    {
        ArgumentNullException.ThrowIfNull(unsettled);
        var left = await database.WriteAloneAsync<bool>(unsettled.Repository, async session => await SubjectRows.SettleAsync(session, unsettled));
        return left.Value;
    }

    public async Task<IReadOnlyList<TrashRecord>> ListOldTrashAsync(TimeSpan period, int limit) =>
        await database.ReadAsync(session => TrashRows.ListOldAsync(session, SecondsOf(period), limit));

    public async Task<IReadOnlyList<Digest>> ExpireTrashAsync(RepositoryName repository, IReadOnlyList<Digest> digests, TimeSpan period)
    {
        var expired = new List<Digest>();
        foreach (var some in digests.Chunk(ManifestsPerTransaction))
        {
            var gone = await database.WriteAloneAsync(repository, session => TrashRows.ExpireAsync(session, repository, some, SecondsOf(period)));
            expired.AddRange(gone.Value);
        }

        return expired;
    }

    public async Task<IReadOnlyList<BlobLink>> ExpireLinksAsync(TimeSpan grace, int limit, ChangeOrigin origin)
    {
        var removed = new List<BlobLink>();
        while (removed.Count < limit)
        {
            var idle = await database.ReadAsync(session => ListIdleAsync(session, grace, Math.Min(limit - removed.Count, LinksPerTransaction)));
            var before = removed.Count;
            foreach (var links in idle.GroupBy(link => link.Repository, link => link.Digest))
            {
                var gone = await database.WriteAloneAsync(
                    links.Key, session => ExpireLinksAsync(session, Begin(origin, Expired), links.Key, [.. links], grace));
                removed.AddRange(gone.Value.Select(digest => new BlobLink(links.Key, digest)));
            }

            if (removed.Count == before)
            {
                break;
            }
        }

        return removed;
    }

    public async Task<IReadOnlyList<LinkRecord>> ListIdleAsync(TimeSpan grace, int limit) =>
        await database.ReadAsync(session => ListIdleAsync(session, grace, limit));

    public Task<CollectorCounts> CountRemovableAsync(TimeSpan grace) => database.ReadAsync(session => ReadCountsAsync(
        session,
        """
        SELECT (
            SELECT count(*) FROM manifests m JOIN repositories r ON r.id = m.repository_id
            WHERE NOT m.is_root AND m.idle_since < (SELECT seconds FROM clock) - $1 AND NOT r.pinned
            AND NOT EXISTS (SELECT 1 FROM unsettled_subjects u WHERE u.repository_id = m.repository_id AND u.subject = m.subject)
        ), (
            SELECT count(*) FROM blob_links l JOIN repositories r ON r.id = l.repository_id WHERE l.idle_since < (SELECT seconds FROM clock) - $1 AND NOT r.pinned
        ), (SELECT count(*) FROM content WHERE state >= 2)
        """,
        SecondsOf(grace)));

    public Task<CollectorCounts> CountAllAsync() => database.ReadAsync(session => ReadCountsAsync(
        session, "SELECT (SELECT count(*) FROM manifests), (SELECT count(*) FROM blob_links), (SELECT count(*) FROM content WHERE state >= 1)"));

    public Task<RemovableBlobs> ListRemovableBlobsAsync(TimeSpan grace, int limit) => database.ReadAsync(async session =>
    {
        var rows = await session.AllAsync(
            """
            SELECT c.digest, c.size, c.state >= 2, count(*) OVER (), (sum(c.size) OVER ())::bigint FROM content c
            WHERE c.state >= 2 OR (c.state = 1 AND NOT EXISTS (SELECT 1 FROM trash WHERE content_id = c.id)
                AND NOT EXISTS (
                    SELECT 1 FROM blob_links l JOIN repositories r ON r.id = l.repository_id
                    WHERE l.content_id = c.id AND (l.idle_since IS NULL OR l.idle_since >= (SELECT seconds FROM clock) - $1 OR r.pinned))
                AND NOT EXISTS (
                    SELECT 1 FROM manifests m JOIN repositories r ON r.id = m.repository_id
                    WHERE m.content_id = c.id AND (m.idle_since IS NULL OR m.idle_since >= (SELECT seconds FROM clock) - $1 OR m.is_root OR r.pinned
                        OR EXISTS (SELECT 1 FROM unsettled_subjects u WHERE u.repository_id = m.repository_id AND u.subject = m.subject))))
            ORDER BY c.id LIMIT $2
            """,
            row => (Blob: new RemovableBlob(Digest.Parse(row.GetString(0)), row.GetInt64(1), row.GetBoolean(2)), Count: row.GetInt64(3), Bytes: row.GetInt64(4)),
            SecondsOf(grace),
            limit);
        return rows.Count == 0
            ? new RemovableBlobs([], 0, 0)
            : new RemovableBlobs(rows.ConvertAll(row => row.Blob), rows[0].Count, rows[0].Bytes);
    });

    public Task<BlobExplanation> ExplainAsync(Digest digest, int limit) =>
        database.ReadAsync(session => ContentExplanation.ReadAsync(session, digest, limit));

    public async Task<IReadOnlyList<Digest>> ListOrphansAsync(int limit) => await database.ReadAsync(session => session.AllAsync(
        "SELECT digest FROM content WHERE state >= 2 ORDER BY state, id LIMIT $1", row => Digest.Parse(row.GetString(0)), limit));

    public async Task<IReadOnlyList<Digest>> FindUnknownAsync(IReadOnlyList<Digest> digests) => await database.ReadAsync(session => session.AllAsync(
        """
        SELECT d FROM unnest($1) WITH ORDINALITY u (d, n) WHERE NOT EXISTS (SELECT 1 FROM content WHERE digest = d) ORDER BY n
        """,
        row => Digest.Parse(row.GetString(0)),
        [digests.Select(digest => digest.Value).ToArray()]));

    public async Task<BlobPlace?> CondemnAsync(Digest digest)
    {
        var condemned = await database.WriteAsync<BlobPlace?>(async session =>
        {
            ContentRows.LockForRemoval(session, [digest]);
            return await session.FirstAsync<BlobPlace?>(
                """
                UPDATE content c SET state = 3 WHERE c.digest = $1 AND c.state >= 2
                AND NOT EXISTS (SELECT 1 FROM blob_links WHERE content_id = c.id)
                AND NOT EXISTS (SELECT 1 FROM kept_manifests WHERE content_id = c.id) RETURNING c.place
                """,
                row => new BlobPlace(digest, ContentRows.ReadText(row, 0)),
                digest.Value);
        });
        return condemned.Value;
    }

    public Task ForgetAsync(Digest digest) => database.WriteAsync(session =>
    {
        ContentRows.LockForRemoval(session, [digest]);

        // A sparse manifest may still mention it. For a state that is equal, PostgreSQL would look through all that was condemned lately, not for the digest.
        session.Queue(
            """
            UPDATE content c SET state = 0, size = 0, place = NULL, bytes = NULL WHERE c.digest = $1 AND c.state IS NOT DISTINCT FROM 3
            AND EXISTS (SELECT 1 FROM held_content WHERE content_id = c.id)
            """,
            digest.Value);
        session.Queue("DELETE FROM content WHERE digest = $1 AND state IS NOT DISTINCT FROM 3", digest.Value);
    });

    // What an operator deletes is asked about like a deletion by a client; what expires is not.
    private ChangeContext Begin(ChangeOrigin origin, string reason) => new()
    {
        Origin = origin,
        Reason = reason,
        Time = time.GetUtcNow(),
        Rules = reason == Untagged ? rules : NoRules.Instance,
    };

    private static long SecondsOf(TimeSpan grace) => (long)grace.TotalSeconds;

    private static async Task<Core.Errors.Result<List<Digest>>> ExpireLinksAsync(
        PostgresSession session, ChangeContext change, RepositoryName repository, Digest[] digests, TimeSpan grace)
    {
        ContentRows.LockForRemoval(session, digests);
        var expired = await session.AllAsync(
            """
            DELETE FROM blob_links l USING content c
            WHERE l.repository_id = (SELECT id FROM repositories WHERE name = $1 AND NOT pinned) AND l.content_id = ANY(ARRAY(SELECT id FROM content WHERE digest = ANY($2)))
            AND c.id = l.content_id AND l.idle_since < (SELECT seconds FROM clock) - $3
            RETURNING l.repository_id, c.id, c.digest
            """,
            row => (Repository: row.GetInt64(0), Content: row.GetInt64(1), Digest: Digest.Parse(row.GetString(2))),
            repository.Value,
            digests.Select(digest => digest.Value).ToArray(),
            SecondsOf(grace));
        ContentRows.OrphanUnused(session, [.. expired.Select(link => link.Content)]);
        foreach (var link in expired)
        {
            ChangeRows.Append(session, change, ChangeKind.BlobUnlinked, link.Repository, repository, link.Digest);
        }

        return expired.ConvertAll(link => link.Digest);
    }

    private static Task<List<ManifestRecord>> ListIdleManifestsAsync(PostgresSession session, bool isRoot, TimeSpan grace, int limit) => session.AllAsync(
        """
        SELECT r.name, c.digest, m.idle_since, m.is_root, m.pushed_at FROM manifests m
        JOIN repositories r ON r.id = m.repository_id JOIN content c ON c.id = m.content_id
        WHERE m.is_root = $1 AND m.idle_since < (SELECT seconds FROM clock) - $2 AND NOT r.pinned
        AND NOT EXISTS (SELECT 1 FROM unsettled_subjects u WHERE u.repository_id = m.repository_id AND u.subject = m.subject)
        ORDER BY m.idle_since LIMIT $3
        """,
        row => new ManifestRecord(
            RepositoryName.Parse(row.GetString(0)), Digest.Parse(row.GetString(1)), row.GetInt64(2), row.GetBoolean(3), IsPinned: false, row.GetInt64(4)),
        isRoot,
        SecondsOf(grace),
        limit);

    private static Task<List<LinkRecord>> ListIdleAsync(PostgresSession session, TimeSpan grace, int limit) => session.AllAsync(
        """
        SELECT r.name, c.digest, l.idle_since FROM blob_links l
        JOIN repositories r ON r.id = l.repository_id JOIN content c ON c.id = l.content_id
        WHERE l.idle_since < (SELECT seconds FROM clock) - $1 AND NOT r.pinned ORDER BY l.idle_since LIMIT $2
        """,
        row => new LinkRecord(RepositoryName.Parse(row.GetString(0)), Digest.Parse(row.GetString(1)), row.GetInt64(2), IsPinned: false),
        SecondsOf(grace),
        limit);

    private static async Task<CollectorCounts> ReadCountsAsync(PostgresSession session, string sql, params object?[] arguments) =>
        (await session.FirstAsync(sql, ReadCounts, arguments))!;

    private static CollectorCounts ReadCounts(NpgsqlDataReader row) => new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
}
