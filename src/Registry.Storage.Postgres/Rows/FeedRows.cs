using Registry.Core.Changes;
using Registry.Storage.Postgres.Locks;

namespace Registry.Storage.Postgres.Rows;

/// <summary>
/// Statements about the positions of changes. A transaction may commit after a later one, so a sequence is no order of commits: a pass, of which one runs at a time,
/// gives positions to the changes that are committed and have none. Whatever a pass does not see yet gets greater positions than all that it does.
/// </summary>
internal static class FeedRows
{
    /// <summary>Number of changes of tags and manifests that are kept, in <c>meta</c>. Those without a position are not counted yet.</summary>
    public const string Kept = "changes_kept";

    /// <summary>Waits until no other pass, and no removal of changes, is in progress.</summary>
    public static void Lock(PostgresSession session) => session.Lock("SELECT pg_advisory_xact_lock($1, 0)", AdvisoryLocks.Feed);

    /// <summary>
    /// Collects the statements that give positions, in the order in which the changes were made, under the lock. The commit waits for the disk, also where others do not: a position that was read names
    /// its change for ever, and a crash of the server must not give it to another one.
    /// </summary>
    public static void GivePositions(PostgresSession session)
    {
        session.Queue("SET LOCAL synchronous_commit TO DEFAULT");
        session.Queue(
            """
            WITH given AS (
                UPDATE changes c SET position = next.position FROM (
                    SELECT sequence, nextval('change_positions') AS position FROM (
                        SELECT sequence FROM changes WHERE position IS NULL ORDER BY sequence) waiting) next
                WHERE c.sequence = next.sequence RETURNING c.kind, c.source)
            INSERT INTO meta (key, value) SELECT $1, count(*) FROM given WHERE kind BETWEEN 3 AND 6 AND source <> 4
            ON CONFLICT (key) DO UPDATE SET value = meta.value + excluded.value
            """,
            Kept);
    }

    /// <summary>Reads whether a change has no position, and the last position of a change that is kept.</summary>
    public static Task<(bool IsWaiting, long Last)> FindEndAsync(PostgresSession session) => session.FirstAsync(
        "SELECT EXISTS (SELECT 1 FROM changes WHERE position IS NULL), coalesce((SELECT max(position) FROM changes), 0)",
        row => (row.GetBoolean(0), row.GetInt64(1)));

    /// <summary>Reads the changes after a position, in order.</summary>
    public static Task<List<RegistryChange>> ReadAsync(PostgresSession session, long after, int limit) => session.AllAsync(
        $"SELECT {ChangeRows.Read} FROM changes WHERE position > $1 ORDER BY position LIMIT $2", ChangeRows.ReadRow, after, limit);

    /// <summary>Reads the changes of some repositories after a position and up to another one, in order.</summary>
    public static Task<List<RegistryChange>> ReadAsync(PostgresSession session, string[] repositories, long after, long upTo, int limit) => session.AllAsync(
        $"""
        SELECT {ChangeRows.Read} FROM changes WHERE position > $1 AND position <= $2 AND repository = ANY($3) ORDER BY position LIMIT $4
        """,
        ChangeRows.ReadRow,
        after,
        upTo,
        repositories,
        limit);

    /// <summary>Last position that was given, also if its change is removed.</summary>
    public static Task<long?> FindLastAsync(PostgresSession session) =>
        session.NumberAsync("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM change_positions");

    /// <summary>Position of a consumer.</summary>
    public static async Task<long> FindPositionAsync(PostgresSession session, string consumer) =>
        await session.NumberAsync("SELECT position FROM change_consumers WHERE name = $1", consumer) ?? 0;

    /// <summary>Position of the consumer that is furthest behind.</summary>
    public static async Task<long> FindSlowestAsync(PostgresSession session) =>
        await session.NumberAsync("SELECT min(position) FROM change_consumers") ?? 0;

    /// <summary>Moves a consumer.</summary>
    public static void SetPosition(PostgresSession session, string consumer, long position) => session.Queue(
        "INSERT INTO change_consumers (name, position) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET position = excluded.position", consumer, position);

    /// <summary>
    /// Removes the changes that only consumers need, after a position and up to another one. Those include a push that set a tag to what it was: the tree
    /// writes the link again, but nothing has changed.
    /// </summary>
    /// <param name="session">The transaction.</param>
    /// <param name="after">The position.</param>
    /// <param name="upTo">The other one.</param>
    /// <param name="withHeld">True to remove those of repositories that are held back, too.</param>
    public static void RemovePassed(PostgresSession session, long after, long upTo, bool withHeld = false) => session.Queue(
        """
        WITH gone AS (
            DELETE FROM changes c WHERE c.position > $1 AND c.position <= $2
            AND (c.kind IN (1, 2, 7) OR c.source = 4 OR (c.kind = 5 AND c.previous = c.digest))
            AND ($3 OR NOT EXISTS (SELECT 1 FROM change_held h WHERE h.repository = c.repository AND h.position < c.position))
            RETURNING c.kind, c.source)
        UPDATE meta SET value = value - (SELECT count(*) FROM gone WHERE kind BETWEEN 3 AND 6 AND source <> 4) WHERE key = $4
        """,
        after,
        upTo,
        withHeld,
        Kept);

    /// <summary>True if there are more changes of tags and manifests than a number, without one for each tag: those that set the tags to what they are.</summary>
    public static async Task<bool> AreMoreThanAsync(PostgresSession session, long max)
    {
        // Counting the tags takes longer in a larger registry, so it is only done when it matters.
        var kept = await MetaRows.ReadAsync(session, Kept) ?? 0;
        return kept > max && kept - await session.NumberAsync("SELECT count(*) FROM tags") > max;
    }

    /// <summary>
    /// Removes old changes, the oldest first. The change that set a tag goes when the next change of the tag is old, too: until then, the tag was set so at a
    /// time that is remembered.
    /// </summary>
    /// <param name="session">The transaction.</param>
    /// <param name="after">Position up to which an earlier call has looked.</param>
    /// <param name="upTo">Last change that may be looked at.</param>
    /// <param name="before">Time at which changes cease to be old, in seconds of the clock.</param>
    /// <param name="limit">Number of changes to look at.</param>
    /// <returns>Position up to which this call has looked, and the number of changes that it has looked at.</returns>
    public static async Task<(long UpTo, int Count)> RemoveOldAsync(PostgresSession session, long after, long upTo, long before, int limit)
    {
        var old = (await session.AllAsync(
            "SELECT position, clock FROM changes WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3",
            row => (Position: row.GetInt64(0), Clock: row.GetInt64(1)),
            after,
            upTo,
            limit)).TakeWhile(row => row.Clock < before).ToList();
        if (old.Count == 0)
        {
            return (after, 0);
        }

        // What only repeats or forgets an entry of a tag (7, a restore, a push that set it to what it was) succeeds nothing.
        var last = old[^1].Position;
        session.Queue(
            """
            WITH gone AS (
                DELETE FROM changes e USING (
                    SELECT repository_id, tag, max(position) AS position FROM changes
                    WHERE position > $1 AND position <= $2 AND tag IS NOT NULL AND kind IN (5, 6) AND source <> 4 AND previous IS DISTINCT FROM digest
                    GROUP BY repository_id, tag) l
                WHERE e.repository_id = l.repository_id AND e.tag = l.tag AND e.position < l.position
                RETURNING e.kind, e.source)
            UPDATE meta SET value = value - (SELECT count(*) FROM gone WHERE kind BETWEEN 3 AND 6 AND source <> 4) WHERE key = $3
            """,
            after,
            last,
            Kept);
        session.Queue(
            """
            WITH gone AS (
                DELETE FROM changes WHERE position > $1 AND position <= $2 AND (kind <> 5 OR source = 4 OR previous = digest) RETURNING kind, source)
            UPDATE meta SET value = value - (SELECT count(*) FROM gone WHERE kind BETWEEN 3 AND 6 AND source <> 4) WHERE key = $3
            """,
            after,
            last,
            Kept);
        return (last, old.Count);
    }
}
