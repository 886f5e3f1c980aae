using Registry.Core.Oci;

namespace Registry.Storage.Postgres.Locks;

/// <summary>
/// The lock of a repository, which its name has and no row: it also holds for what is not there yet, such as a tag, a subject or the repository itself. It ends
/// with the transaction. A mutation takes at most one, before any other lock; only a rename takes those of both names, in the order of their hashes.
/// </summary>
/// <remarks>
/// <para>
/// Whatever decides on the manifests, tags, references or links of a repository, and changes them, has the lock for itself: it sees all earlier changes of the
/// repository, and no other comes in between. Adding a link shares the lock with others that do: such a change decides only on references, which none of
/// them changes. The renewal of an idle time needs no lock: it changes one row, and depends on nothing else.
/// </para>
/// <para>What several repositories have in common are the rows of <c>content</c> (<see cref="Rows.ContentRows"/>).</para>
/// </remarks>
internal static class RepositoryLock
{
    /// <summary>Waits until no other change of the repository is in progress, and keeps others waiting.</summary>
    public static void Take(PostgresSession session, RepositoryName repository) =>
        session.Lock("SELECT pg_advisory_xact_lock($1, hashtext($2))", AdvisoryLocks.Repository, repository.Value);

    /// <summary>Waits until no other change of two repositories is in progress, and keeps others waiting.</summary>
    public static void Take(PostgresSession session, RepositoryName one, RepositoryName other) => session.Lock(
        """
        SELECT pg_advisory_xact_lock($1, h.key) FROM (SELECT DISTINCT hashtext(n) AS key FROM unnest($2) n ORDER BY 1) h
        """,
        AdvisoryLocks.Repository,
        new[] { one.Value, other.Value });

    /// <summary>Waits until no change has the repository for itself, and keeps such changes waiting.</summary>
    public static void Share(PostgresSession session, RepositoryName repository) =>
        session.Lock("SELECT pg_advisory_xact_lock_shared($1, hashtext($2))", AdvisoryLocks.Repository, repository.Value);
}
