using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Collection.Records;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Trash;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>Queries of the collector.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
/// <param name="rules">Rules about changes.</param>
public sealed class SqliteCollectorMetadata(SqliteDatabase database, TimeProvider time, IChangeRules rules) : ICollectorMetadata
{
    // Reasons of the changes.
    private const string Expired = "expired";
    private const string Untagged = "untagged";

    // Few enough for a light change, so that pushes do not wait for a collection.
    private const int RowsPerTurn = 200;

    // Of a manifest without references: itself, the totals, the change, and its bytes.
    private const int RowsOfManifest = 4;

    public long PausedUntil => database.PausedUntil;

    public Task<long> SaveClockAsync(long pausedUntil) => database.SaveClockAsync(pausedUntil);

    public async Task<IReadOnlyList<ManifestRecord>> ListIdleManifestsAsync(TimeSpan grace, bool withRoots, int limit) =>
        await database.ReadAsync(session =>
        {
            var idleBefore = database.IdleBefore(grace);
            var listed = ListIdleManifests(session, isRoot: false, idleBefore, limit);
            if (withRoots)
            {
                listed.AddRange(ListIdleManifests(session, isRoot: true, idleBefore, limit - listed.Count));
            }

            return listed;
        });

    public async Task<IReadOnlyList<Digest>> ExpireManifestsAsync(
        RepositoryName repository,
        IReadOnlyList<Digest> digests,
        TimeSpan grace,
        bool withRoots,
        ChangeOrigin origin)
    {
        var rows = await CountAsync();
        var heavy = digests.Where((_, i) => rows[i] > RowsPerTurn).ToList();
        foreach (var digest in heavy)
        {
            // The manifest releases what it refers to; the history of tags can go before it.
            for (var hasMore = true; hasMore;)
            {
                hasMore = (await database.WriteAsync<bool>(
                    session => ManifestRows.ForgetExpired(session, Begin(origin, Reason()), repository, digest, database.IdleBefore(grace), withRoots),
                    new WriteTurn(repository, TagRows.RowsOfMany))).Value;
            }
        }

        rows = heavy.Count > 0 ? await CountAsync() : rows;
        var expired = new List<Digest>();
        for (var next = 0; next < digests.Count;)
        {
            var batch = new List<Digest>();
            var turn = new WriteTurn(repository, 0);
            do
            {
                turn = turn with { Rows = turn.Rows + rows[next] + RowsOfManifest };
                batch.Add(digests[next++]);
            }
            while (next < digests.Count && turn.Rows + rows[next] + RowsOfManifest <= RowsPerTurn);

            var gone = await database.WriteAsync<List<Digest>>(
                session =>
                {
                    var change = Begin(origin, Reason());
                    var idleBefore = database.IdleBefore(grace);
                    return batch.FindAll(digest => ManifestRows.Expire(session, change, repository, digest, idleBefore, withRoots));
                },
                turn);
            expired.AddRange(gone.Value);
        }

        return expired;

        string Reason() => withRoots ? Untagged : Expired;

        Task<List<long>> CountAsync() =>
            database.ReadAsync(session => digests.Select(digest => ManifestWeight.CountHeld(session, repository, digest)).ToList());
    }

    public async Task<IReadOnlyList<UnsettledSubject>> ListUnsettledSubjectsAsync(int limit) =>
        await database.ReadAsync(session => SubjectRows.List(session, limit));

    public async Task<bool> SettleReferrersAsync(UnsettledSubject unsettled)
    {
        ArgumentNullException.ThrowIfNull(unsettled);
        return (await database.WriteAsync<bool>(
            session => SubjectRows.Settle(session, unsettled, database.Clock.Now), new WriteTurn(unsettled.Repository, SubjectRows.RowsPerTurn))).Value;
    }

    public async Task<IReadOnlyList<TrashRecord>> ListOldTrashAsync(TimeSpan period, int limit) => await database.ReadAsync(session => session.All(
        """
        SELECT r.name, c.digest FROM trash t CROSS JOIN repositories r ON r.id = t.repository_id CROSS JOIN content c ON c.id = t.content_id
        WHERE t.deleted_at < @1 ORDER BY t.deleted_at LIMIT @2
        """,
        row => new TrashRecord(RepositoryName.Parse(row.GetString(0)), Digest.Parse(row.GetString(1))),
        DeletedBefore(period),
        (long)limit));

    public async Task<IReadOnlyList<Digest>> ExpireTrashAsync(RepositoryName repository, IReadOnlyList<Digest> digests, TimeSpan period)
    {
        var expired = new List<Digest>();
        foreach (var digest in digests)
        {
            var rows = await database.ReadAsync(session => TrashRows.CountRows(session, repository, digest));
            for (var hasMore = rows > RowsPerTurn; hasMore;)
            {
                hasMore = (await database.WriteAsync<bool>(
                    session => FindOldTrash(session, repository, digest, period) is { } entry && TrashRows.RemoveSomeTags(session, entry),
                    new WriteTurn(repository, TagRows.Many))).Value;
            }

            rows = rows > RowsPerTurn ? await database.ReadAsync(session => TrashRows.CountRows(session, repository, digest)) : rows;
            var isGone = await database.WriteAsync<bool>(
                session =>
                {
                    if (FindOldTrash(session, repository, digest, period) is not { } entry)
                    {
                        return false;
                    }

                    TrashRows.Release(session, entry, digest, database.Clock.Now);
                    return true;
                },
                new WriteTurn(repository, rows + RowsOfManifest));
            if (isGone.Value)
            {
                expired.Add(digest);
            }
        }

        return expired;
    }

    public async Task<IReadOnlyList<BlobLink>> ExpireLinksAsync(TimeSpan grace, int limit, ChangeOrigin origin)
    {
        var removed = new List<BlobLink>();
        for (var hasMore = true; hasMore && removed.Count < limit;)
        {
            var room = Math.Min(limit - removed.Count, RowsPerTurn);
            var expired = await database.WriteAsync<List<BlobLink>>(
                session => ExpireLinks(session, Begin(origin, Expired), database.IdleBefore(grace), room), new WriteTurn(default, room));
            removed.AddRange(expired.Value);
            hasMore = expired.Value.Count == room;
        }

        return removed;
    }

    public async Task<IReadOnlyList<LinkRecord>> ListIdleAsync(TimeSpan grace, int limit) => await database.ReadAsync(
        session => ListIdle(session, database.IdleBefore(grace), limit).ConvertAll(row => row.Link));

    public Task<CollectorCounts> CountRemovableAsync(TimeSpan grace) => database.ReadAsync(session => new CollectorCounts(
        session.Number(
            """
            SELECT COUNT(m.id) FROM manifests m JOIN repositories r ON r.id = m.repository_id
            WHERE m.is_root = 0 AND m.idle_since < @1 AND r.pinned = 0
            AND NOT EXISTS (SELECT 1 FROM unsettled_subjects u WHERE u.repository_id = m.repository_id AND u.subject = m.subject)
            """,
            database.IdleBefore(grace))!.Value,
        session.Number(
            """
            SELECT COUNT(l.content_id) FROM blob_links l JOIN repositories r ON r.id = l.repository_id
            WHERE l.idle_since < @1 AND r.pinned = 0
            """,
            database.IdleBefore(grace))!.Value,
        session.Number("SELECT COUNT(*) FROM content WHERE state >= 2")!.Value));

    public Task<CollectorCounts> CountAllAsync() => database.ReadAsync(session => new CollectorCounts(
        ContentRows.ReadTotals(session).Manifests,
        session.Number("SELECT COUNT(*) FROM blob_links")!.Value,
        session.Number("SELECT COUNT(*) FROM content WHERE state >= 1")!.Value));

    public Task<RemovableBlobs> ListRemovableBlobsAsync(TimeSpan grace, int limit) => database.ReadAsync(session =>
    {
        var rows = session.All(
            """
            SELECT c.digest, c.size, c.state >= 2, COUNT(*) OVER (), SUM(c.size) OVER () FROM content c
            WHERE c.state >= 2 OR (c.state = 1 AND NOT EXISTS (SELECT 1 FROM trash WHERE content_id = c.id)
                AND NOT EXISTS (
                    SELECT 1 FROM blob_links l JOIN repositories r ON r.id = l.repository_id
                    WHERE l.content_id = c.id AND (l.idle_since IS NULL OR l.idle_since >= @1 OR r.pinned = 1))
                AND NOT EXISTS (
                    SELECT 1 FROM manifests m JOIN repositories r ON r.id = m.repository_id
                    WHERE m.content_id = c.id AND (m.idle_since IS NULL OR m.idle_since >= @1 OR m.is_root = 1 OR r.pinned = 1
                        OR EXISTS (SELECT 1 FROM unsettled_subjects u WHERE u.repository_id = m.repository_id AND u.subject = m.subject))))
            ORDER BY c.id LIMIT @2
            """,
            row => (Blob: new RemovableBlob(Digest.Parse(row.GetString(0)), row.GetInt64(1), row.GetBoolean(2)), Count: row.GetInt64(3), Bytes: row.GetInt64(4)),
            database.IdleBefore(grace),
            limit);
        return rows.Count == 0
            ? new RemovableBlobs([], 0, 0)
            : new RemovableBlobs(rows.ConvertAll(row => row.Blob), rows[0].Count, rows[0].Bytes);
    });

    public Task<BlobExplanation> ExplainAsync(Digest digest, int limit) =>
        database.ReadAsync(session => ContentExplanation.Read(session, digest, limit));

    public async Task<IReadOnlyList<Digest>> ListOrphansAsync(int limit) => await database.ReadAsync(session => session.All(
        "SELECT digest FROM content WHERE state >= 2 ORDER BY state, id LIMIT @1", row => Digest.Parse(row.GetString(0)), limit));

    public async Task<IReadOnlyList<Digest>> FindUnknownAsync(IReadOnlyList<Digest> digests) => await database.ReadAsync(
        session => digests.Where(digest => session.Number("SELECT id FROM content WHERE digest = @1", digest.Value) is null).ToList());

    public async Task<BlobPlace?> CondemnAsync(Digest digest)
    {
        var condemned = await database.WriteAsync<BlobPlace?>(session => session.First<BlobPlace?>(
            """
            UPDATE content SET state = 3 WHERE digest = @1 AND state >= 2
            AND NOT EXISTS (SELECT 1 FROM blob_links WHERE content_id = content.id)
            AND NOT EXISTS (SELECT 1 FROM kept_manifests WHERE content_id = content.id) RETURNING place
            """,
            row => new BlobPlace(digest, ContentRows.ReadKey(row, 0)),
            digest.Value));
        return condemned.Value;
    }

    public Task ForgetAsync(Digest digest) => database.WriteAsync(session =>
    {
        // A sparse manifest may still mention it.
        session.Execute(
            """
            UPDATE content SET state = 0, size = 0, place = NULL WHERE digest = @1 AND state = 3
            AND EXISTS (SELECT 1 FROM held_content WHERE content_id = content.id)
            """,
            digest.Value);
        session.Execute("DELETE FROM content WHERE digest = @1 AND state = 3", digest.Value);
    });

    // Called by the writer. No rule keeps what expires: a refusal would keep it for ever.
    private ChangeContext Begin(ChangeOrigin origin, string reason) => new()
    {
        Origin = origin,
        Reason = reason,
        Now = database.Clock.Now,
        Time = time.GetUtcNow(),
        Rules = reason == Untagged ? rules : NoRules.Instance,
    };

    private TrashRow? FindOldTrash(SqliteSession session, RepositoryName repository, Digest digest, TimeSpan period) =>
        TrashRows.FindRow(session, repository, digest) is { } entry && entry.DeletedAt < DeletedBefore(period) ? entry : null;

    private long DeletedBefore(TimeSpan period) => period > TimeSpan.Zero ? database.IdleBefore(period) : long.MaxValue;

    private static List<BlobLink> ExpireLinks(SqliteSession session, ChangeContext change, long idleBefore, int limit)
    {
        var removed = new List<BlobLink>();
        foreach (var (repositoryId, contentId, link) in ListIdle(session, idleBefore, limit))
        {
            ContentRows.Unlink(session, change, repositoryId, contentId, link.Repository, link.Digest);
            removed.Add(new BlobLink(link.Repository, link.Digest));
        }

        return removed;
    }

    private static List<ManifestRecord> ListIdleManifests(SqliteSession session, bool isRoot, long idleBefore, int limit) => session.All(
        """
        SELECT r.name, c.digest, m.idle_since, m.is_root, m.pushed_at FROM manifests m
        JOIN repositories r ON r.id = m.repository_id JOIN content c ON c.id = m.content_id
        WHERE m.is_root = @1 AND m.idle_since < @2 AND r.pinned = 0
        AND NOT EXISTS (SELECT 1 FROM unsettled_subjects u WHERE u.repository_id = m.repository_id AND u.subject = m.subject)
        ORDER BY m.idle_since LIMIT @3
        """,
        row => new ManifestRecord(
            RepositoryName.Parse(row.GetString(0)), Digest.Parse(row.GetString(1)), row.GetInt64(2), row.GetBoolean(3), IsPinned: false, row.GetInt64(4)),
        isRoot,
        idleBefore,
        limit);

    private static List<(long Repository, long Content, LinkRecord Link)> ListIdle(SqliteSession session, long idleBefore, int limit) => session.All(
        """
        SELECT l.repository_id, l.content_id, r.name, c.digest, l.idle_since FROM blob_links l
        JOIN repositories r ON r.id = l.repository_id JOIN content c ON c.id = l.content_id
        WHERE l.idle_since < @1 AND r.pinned = 0 ORDER BY l.idle_since LIMIT @2
        """,
        row => (
            row.GetInt64(0),
            row.GetInt64(1),
            new LinkRecord(RepositoryName.Parse(row.GetString(2)), Digest.Parse(row.GetString(3)), row.GetInt64(4), IsPinned: false)),
        idleBefore,
        limit);
}
