using Registry.Core.Oci;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>
/// Holds and releases the referrers of a subject that has very many, some at a time, so that other changes have their turns. A row of <c>released_subjects</c>
/// lasts as long as a subject is gone and some of its referrers may still count as held: what a stop or a refused push has left is released later.
/// </summary>
/// <remarks>
/// A referrer is never idle while its subject exists: a subject that is deleted goes first and its referrers become idle afterwards, and one that is pushed
/// comes last. In between, a referrer counts as held a moment longer than it is, which loses nothing.
/// </remarks>
internal sealed class SqliteReferrerTurns(SqliteDatabase database)
{
    /// <summary>Number of referrers above which they are held and released in turns.</summary>
    public const int Many = 500;

    // Few enough for a light change.
    private const int RowsPerTurn = 200;

    /// <summary>True if a manifest has so many referrers that they are released in turns.</summary>
    public static bool AreMany(SqliteSession session, long repositoryId, Digest subject) => session.Number(
        "SELECT 1 FROM manifests WHERE repository_id = @1 AND subject = @2 LIMIT 1 OFFSET @3", repositoryId, subject.Value, (long)Many) is not null;

    /// <summary>Number of manifests that a push of their subject will hold; of very many, one more than <see cref="Many"/>.</summary>
    public static int CountIdle(SqliteSession session, RepositoryName repository, Digest subject) => session.All(
        """
        SELECT m.id FROM repositories r JOIN manifests m ON m.repository_id = r.id AND m.subject = @2
        WHERE r.name = @1 AND m.idle_since IS NOT NULL LIMIT @3
        """,
        row => row.GetInt64(0),
        repository.Value,
        subject.Value,
        Many + 1L).Count;

    /// <summary>True if a manifest that exists has so many referrers that they are released in turns.</summary>
    public static bool AreMany(SqliteSession session, RepositoryName repository, Digest subject) =>
        ContentRows.FindRepository(session, repository) is { } repositoryId && AreMany(session, repositoryId, subject);

    /// <summary>Records that the referrers of a subject that does not exist are to be released. Inside the caller's savepoint.</summary>
    public static void Begin(SqliteSession session, long repositoryId, Digest subject) => session.Execute(
        "INSERT INTO released_subjects (repository_id, subject) VALUES (@1, @2) ON CONFLICT DO UPDATE SET after_id = 0", repositoryId, subject.Value);

    /// <summary>Records that a subject exists again, and holds its referrers. Inside the caller's savepoint.</summary>
    public static void End(SqliteSession session, long repositoryId, Digest subject) => session.Execute(
        "DELETE FROM released_subjects WHERE repository_id = @1 AND subject = @2", repositoryId, subject.Value);

    /// <summary>Prepares the deletion of a subject: its referrers are no longer roots. Those that are pushed meanwhile stay roots.</summary>
    public async Task UnrootAsync(RepositoryName repository, Digest subject)
    {
        for (long? after = 0; after is not null;)
        {
            after = (await database.WriteAsync<long?>(session => Unroot(session, repository, subject, after.Value), Turn(repository))).Value;
        }
    }

    /// <summary>Prepares the push of a subject: its idle referrers count as held.</summary>
    public async Task HoldAsync(RepositoryName repository, Digest subject)
    {
        while ((await database.WriteAsync<bool>(session => Hold(session, repository, subject), Turn(repository))).Value)
        {
        }
    }

    /// <summary>Releases the referrers of a subject that is gone, as far as <see cref="Begin"/> has recorded it.</summary>
    public async Task ReleaseAsync(RepositoryName repository, Digest subject)
    {
        while ((await database.WriteAsync<bool>(session => Release(session, repository, subject), Turn(repository))).Value)
        {
        }
    }

    /// <summary>Finds a subject whose referrers are to be released; null if there is none.</summary>
    public Task<(RepositoryName Repository, Digest Subject)?> FindAsync() => database.ReadAsync(session => session.First<(RepositoryName, Digest)?>(
        "SELECT r.name, s.subject FROM released_subjects s JOIN repositories r ON r.id = s.repository_id LIMIT 1",
        row => (RepositoryName.Parse(row.GetString(0)), Digest.Parse(row.GetString(1)))));

    private static WriteTurn Turn(RepositoryName repository) => new(repository, RowsPerTurn);

    // The last of the manifests that were looked at; null if there are no more.
    private static long? Unroot(SqliteSession session, RepositoryName repository, Digest subject, long after)
    {
        if (ContentRows.FindRepository(session, repository) is not { } repositoryId || LastOfTurn(session, repositoryId, subject, after) is not { } last)
        {
            return null;
        }

        session.Execute(
            "UPDATE manifests SET is_root = 0 WHERE repository_id = @1 AND subject = @2 AND id > @3 AND id <= @4 AND is_root = 1",
            repositoryId,
            subject.Value,
            after,
            last);
        return last;
    }

    private static bool Hold(SqliteSession session, RepositoryName repository, Digest subject)
    {
        if (ContentRows.FindRepository(session, repository) is not { } repositoryId)
        {
            return false;
        }

        // The push may be refused at last, or the process may end.
        Begin(session, repositoryId, subject);
        return session.Execute(
            """
            UPDATE manifests SET idle_since = NULL
            WHERE id IN (SELECT id FROM manifests WHERE repository_id = @1 AND subject = @2 AND idle_since IS NOT NULL LIMIT @3)
            """,
            repositoryId,
            subject.Value,
            (long)RowsPerTurn) == RowsPerTurn;
    }

    // True if there are more.
    private bool Release(SqliteSession session, RepositoryName repository, Digest subject)
    {
        if (ContentRows.FindRepository(session, repository) is not { } repositoryId
            || session.Number("SELECT after_id FROM released_subjects WHERE repository_id = @1 AND subject = @2", repositoryId, subject.Value) is not { } after)
        {
            return false;
        }

        if (LastOfTurn(session, repositoryId, subject, after) is not { } last)
        {
            End(session, repositoryId, subject);
            return false;
        }

        ManifestHolds.ReleaseSome(session, repositoryId, subject, after, last, database.Clock.Now);
        session.Execute("UPDATE released_subjects SET after_id = @3 WHERE repository_id = @1 AND subject = @2", repositoryId, subject.Value, last);
        return true;
    }

    private static long? LastOfTurn(SqliteSession session, long repositoryId, Digest subject, long after) => session.All(
        "SELECT id FROM manifests WHERE repository_id = @1 AND subject = @2 AND id > @3 ORDER BY id LIMIT @4",
        row => row.GetInt64(0),
        repositoryId,
        subject.Value,
        after,
        (long)RowsPerTurn) is [.., var last] ? last : null;
}
