using Registry.Core.Collection.Records;
using Registry.Core.Oci;

namespace Registry.Storage.Postgres.Rows;

/// <summary>
/// Settles the referrers of a subject that was added or removed: a subject in the repository, or in its trash, holds them, and its removal releases them. A change settles few
/// referrers itself, since other changes of the repository wait for it; a row of <c>unsettled_subjects</c> leaves the others to later turns. Each method runs
/// under the lock of the repository.
/// </summary>
/// <remarks>
/// No referrer of a subject that exists expires, and none expires before its grace period is over, since these hold after each transaction:
/// <list type="number">
/// <item>Adding or removing a subject settles all its referrers, or leaves a row that begins before the first of them and replaces any earlier row.</item>
/// <item>A turn does not trust the row: it holds or releases according to the existence of the subject in its own transaction.</item>
/// <item>While the row exists, no referrer expires, and none is pushed while the subject is gone (<see cref="AskReleased"/>): a push makes it a root,
/// which the turn would undo.</item>
/// <item>A referrer that is added is held if its subject exists (<see cref="ManifestRows.Insert"/>), on whichever side of the row's position.</item>
/// </list>
/// </remarks>
internal static class SubjectRows
{
    // Few enough that they do not count in the time of a push or deletion.
    private const int SettledAtOnce = 32;

    private const int SettledInTurn = 200;

    /// <summary>Settles the first referrers of a manifest that was just added or removed, and leaves the others to <see cref="SettleAsync"/>.</summary>
    public static void SettleFirst(PostgresSession session, long repositoryId, Digest subject, bool exists)
    {
        if (exists)
        {
            ManifestHolds.HoldReferrers(session, repositoryId, subject, after: 0, SettledAtOnce);
        }
        else
        {
            ManifestHolds.ReleaseReferrers(session, repositoryId, subject, after: 0, SettledAtOnce);
        }

        session.Queue("DELETE FROM unsettled_subjects WHERE repository_id = $1 AND subject = $2", repositoryId, subject.Value);
        session.Queue(
            """
            INSERT INTO unsettled_subjects (repository_id, subject, settled_to) SELECT $1, $2, min(id) FROM (
                SELECT id FROM manifests WHERE repository_id = $1 AND subject = $2 ORDER BY id LIMIT 2 OFFSET $3) last_and_next
            HAVING count(*) = 2
            """,
            repositoryId,
            subject.Value,
            SettledAtOnce - 1);
    }

    /// <summary>Lists the subjects some of whose referrers are not settled; the oldest push or deletion first.</summary>
    public static Task<List<UnsettledSubject>> ListAsync(PostgresSession session, int limit) => session.AllAsync(
        "SELECT u.id, r.name, u.subject FROM unsettled_subjects u JOIN repositories r ON r.id = u.repository_id ORDER BY u.id LIMIT $1",
        row => new UnsettledSubject(row.GetInt64(0), RepositoryName.Parse(row.GetString(1)), Digest.Parse(row.GetString(2))),
        limit);

    /// <summary>Collects the query of the row of a subject that is gone, while some of its referrers are not released yet.</summary>
    public static List<long> AskReleased(PostgresSession session, RepositoryName repository, Digest? subject) => session.Ask(
        """
        SELECT u.id FROM repositories r JOIN unsettled_subjects u ON u.repository_id = r.id AND u.subject = $2 WHERE r.name = $1
        AND NOT EXISTS (SELECT 1 FROM content c JOIN kept_manifests s ON s.repository_id = r.id AND s.content_id = c.id WHERE c.digest = $2)
        """,
        row => row.GetInt64(0),
        repository.Value,
        subject?.Value ?? string.Empty);

    /// <summary>Settles further referrers of a subject.</summary>
    /// <returns>
    /// True if some are left; false if all are settled, the subject was added or removed again, which made another row, or the repository was renamed.
    /// </returns>
    public static async Task<bool> SettleAsync(PostgresSession session, UnsettledSubject unsettled)
    {
        var exists = session.Ask(
            """
            SELECT 1 FROM content c JOIN kept_manifests s ON s.content_id = c.id AND s.repository_id = (SELECT id FROM repositories WHERE name = $1) WHERE c.digest = $2
            """,
            _ => true,
            unsettled.Repository.Value,
            unsettled.Subject.Value);
        var row = await session.FirstAsync(
            "SELECT repository_id, settled_to, (SELECT id FROM repositories WHERE name = $2) FROM unsettled_subjects WHERE id = $1",
            row => (Repository: row.GetInt64(0), To: row.GetInt64(1), Named: ContentRows.ReadNumber(row, 2)),
            unsettled.Id,
            unsettled.Repository.Value);
        if (row == default || row.Repository != row.Named)
        {
            return false;
        }

        var last = await session.AllAsync(
            "SELECT id FROM manifests WHERE repository_id = $1 AND subject = $2 AND id > $3 ORDER BY id LIMIT 2 OFFSET $4",
            found => found.GetInt64(0),
            row.Repository,
            unsettled.Subject.Value,
            row.To,
            SettledInTurn - 1);
        if (exists.Count > 0)
        {
            ManifestHolds.HoldReferrers(session, row.Repository, unsettled.Subject, row.To, SettledInTurn);
        }
        else
        {
            ManifestHolds.ReleaseReferrers(session, row.Repository, unsettled.Subject, row.To, SettledInTurn);
        }

        if (last.Count == 2)
        {
            session.Queue("UPDATE unsettled_subjects SET settled_to = $2 WHERE id = $1", unsettled.Id, last[0]);
            return true;
        }

        session.Queue("DELETE FROM unsettled_subjects WHERE id = $1", unsettled.Id);
        return false;
    }
}
