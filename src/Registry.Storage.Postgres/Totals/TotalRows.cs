using Registry.Core.Storage;
using Registry.Storage.Postgres.Locks;
using Registry.Storage.Postgres.Mirroring;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres.Totals;

/// <summary>
/// Statements about the tables <c>totals</c> and <c>total_deltas</c>. Triggers add a delta for each change of a number, so no change waits for the row of another; the
/// totals are the sum of all rows. Recorded changes are counted where they get their positions (<see cref="FeedRows"/>).
/// </summary>
internal static class TotalRows
{
    private const string Columns = "blobs, stored, logical, manifests, repositories, tags, untagged, trashed, trashed_bytes";

    /// <summary>Reads the totals. One statement sees a fold as a whole or not at all.</summary>
    public static async Task<StorageTotals> ReadAsync(PostgresSession session) => (await session.FirstAsync(
        $"""
        SELECT sum(blobs)::bigint, sum(stored)::bigint, sum(logical)::bigint, sum(manifests)::bigint, sum(repositories)::bigint, sum(tags)::bigint,
            sum(untagged)::bigint, coalesce((SELECT value FROM meta WHERE key = $1), 0)
            + (SELECT count(*) FROM changes WHERE position IS NULL AND kind BETWEEN 3 AND 6 AND source <> 4), sum(trashed)::bigint, sum(trashed_bytes)::bigint
        FROM (SELECT {Columns} FROM totals UNION ALL SELECT {Columns} FROM total_deltas) summed
        """,
        row => new StorageTotals(
            row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7))
        {
            Trashed = row.GetInt64(8),
            TrashedBytes = row.GetInt64(9),
        },
        FeedRows.Kept))!;

    /// <summary>Collects the statements that add the deltas to the row, and remove them, and those of the mirror.</summary>
    public static void Fold(PostgresSession session)
    {
        session.Lock("SELECT pg_advisory_xact_lock($1, 0)", AdvisoryLocks.Totals);
        session.Queue(
            $"""
            WITH folded AS (DELETE FROM total_deltas RETURNING {Columns})
            UPDATE totals t SET blobs = t.blobs + f.blobs, stored = t.stored + f.stored, logical = t.logical + f.logical, manifests = t.manifests + f.manifests,
                repositories = t.repositories + f.repositories, tags = t.tags + f.tags, untagged = t.untagged + f.untagged,
                trashed = t.trashed + f.trashed, trashed_bytes = t.trashed_bytes + f.trashed_bytes
            FROM (
                SELECT sum(blobs) AS blobs, sum(stored) AS stored, sum(logical) AS logical, sum(manifests) AS manifests, sum(repositories) AS repositories,
                    sum(tags) AS tags, sum(untagged) AS untagged, sum(trashed) AS trashed, sum(trashed_bytes) AS trashed_bytes
                FROM folded HAVING count(*) > 0) f
            """);
        MirrorRows.Fold(session);
    }
}
