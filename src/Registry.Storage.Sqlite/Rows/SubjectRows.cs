using Registry.Core.Collection.Records;
using Registry.Core.Oci;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>
/// Settles the referrers of a subject that was added or removed: a subject in the repository, or in its trash, holds them, and its removal releases them. Every change waits
/// for the one writer, so a change settles few referrers itself; a row of <c>unsettled_subjects</c> leaves the others to later turns. Each method runs
/// inside the caller's savepoint.
/// </summary>
/// <remarks>
/// No referrer of a subject that exists expires, and none expires before its grace period is over, since these hold after each transaction:
/// <list type="number">
/// <item>Adding or removing a subject settles all its referrers, or leaves a row that begins before the first of them and replaces any earlier row. A
/// kill leaves the row.</item>
/// <item>A turn does not trust the row: it holds or releases according to the existence of the subject in its own transaction.</item>
/// <item>While the row exists, no referrer expires (<see cref="ManifestRows.Expire"/>), and none is pushed while the subject is gone
/// (<see cref="FindReleased"/>): a push makes it a root, which the turn would undo.</item>
/// <item>A referrer that is added is held if its subject exists (<see cref="ManifestRows.Insert"/>), on whichever side of the row's position.</item>
/// </list>
/// Without a row, all referrers are therefore settled. A later row has another id, so turns for the earlier one find nothing to do, and pushes and deletions
/// of the same subject never wait for each other.
/// </remarks>
internal static class SubjectRows
{
    /// <summary>Number of referrers that a push or deletion of their subject settles itself: few enough that they do not count in its weight.</summary>
    public const int SettledAtOnce = 32;

    /// <summary>Number of referrers that a turn settles: few enough for a light change.</summary>
    public const int RowsPerTurn = 200;

    /// <summary>Settles the first referrers of a manifest that was just added or removed, and leaves the others to <see cref="Settle"/>.</summary>
    public static void SettleFirst(SqliteSession session, long repositoryId, Digest subject, long now)
    {
        var last = SettleSome(session, repositoryId, subject, after: 0, SettledAtOnce, now);
        session.Execute("DELETE FROM unsettled_subjects WHERE repository_id = @1 AND subject = @2", repositoryId, subject.Value);
        if (last is not null)
        {
            session.Execute("INSERT INTO unsettled_subjects (repository_id, subject, settled_to) VALUES (@1, @2, @3)", repositoryId, subject.Value, last);
        }
    }

    /// <summary>Lists the subjects some of whose referrers are not settled; the oldest push or deletion first.</summary>
    public static List<UnsettledSubject> List(SqliteSession session, int limit) => session.All(
        """
        SELECT u.id, r.name, u.subject FROM unsettled_subjects u CROSS JOIN repositories r ON r.id = u.repository_id WHERE u.id > 0 ORDER BY u.id LIMIT @1
        """,
        row => new UnsettledSubject(row.GetInt64(0), RepositoryName.Parse(row.GetString(1)), Digest.Parse(row.GetString(2))),
        (long)limit);

    /// <summary>Finds the subject of a manifest, if it is gone and some of its referrers are not released yet.</summary>
    public static UnsettledSubject? FindReleased(SqliteSession session, RepositoryName repository, Digest? subject)
    {
        if (subject is not { } digest)
        {
            return null;
        }

        var id = session.Number(
            """
            SELECT u.id FROM repositories r JOIN unsettled_subjects u ON u.repository_id = r.id AND u.subject = @2 WHERE r.name = @1
            AND NOT EXISTS (SELECT 1 FROM content c JOIN kept_manifests s ON s.repository_id = r.id AND s.content_id = c.id WHERE c.digest = @2)
            """,
            repository.Value,
            digest.Value);
        return id is null ? null : new UnsettledSubject(id.Value, repository, digest);
    }

    /// <summary>Settles further referrers of a subject.</summary>
    /// <returns>
    /// True if some are left; false if all are settled, the subject was added or removed again, which made another row, or the repository was renamed.
    /// </returns>
    public static bool Settle(SqliteSession session, UnsettledSubject unsettled, long now)
    {
        var row = session.First(
            """
            SELECT repository_id, settled_to FROM unsettled_subjects WHERE id = @1 AND repository_id = (SELECT id FROM repositories WHERE name = @2)
            """,
            row => (Repository: row.GetInt64(0), To: row.GetInt64(1)),
            unsettled.Id,
            unsettled.Repository.Value);
        if (row == default)
        {
            return false;
        }

        if (SettleSome(session, row.Repository, unsettled.Subject, row.To, RowsPerTurn, now) is { } last)
        {
            session.Execute("UPDATE unsettled_subjects SET settled_to = @2 WHERE id = @1", unsettled.Id, last);
            return true;
        }

        session.Execute("DELETE FROM unsettled_subjects WHERE id = @1", unsettled.Id);
        return false;
    }

    // Returns the row up to which the referrers are settled; null if all are.
    private static long? SettleSome(SqliteSession session, long repositoryId, Digest subject, long after, int limit, long now)
    {
        var found = session.All(
            "SELECT id FROM manifests WHERE repository_id = @1 AND subject = @2 AND id > @3 ORDER BY id LIMIT @4",
            row => row.GetInt64(0),
            repositoryId,
            subject.Value,
            after,
            limit + 1L);
        if (found.Count == 0)
        {
            return null;
        }

        var last = found[Math.Min(found.Count, limit) - 1];
        if (Exists(session, repositoryId, subject))
        {
            ManifestHolds.HoldReferrers(session, repositoryId, subject, after, last);
        }
        else
        {
            ManifestHolds.ReleaseReferrers(session, repositoryId, subject, after, last, now);
        }

        return found.Count > limit ? last : null;
    }

    private static bool Exists(SqliteSession session, long repositoryId, Digest subject) => session.Number(
        "SELECT 1 FROM content c JOIN kept_manifests s ON s.repository_id = @1 AND s.content_id = c.id WHERE c.digest = @2", repositoryId, subject.Value) is not null;
}
