using Registry.Core.Oci;

namespace Registry.Storage.Postgres.Locks;

/// <summary>
/// The lock of a repository, which its name has and no row: it also holds for what is not there yet, such as a tag, a subject or the repository itself. It ends
/// with the transaction. A mutation takes at most one, before any other lock.
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

    /// <summary>Waits until no change has the repository for itself, and keeps such changes waiting.</summary>
    public static void Share(PostgresSession session, RepositoryName repository) =>
        session.Lock("SELECT pg_advisory_xact_lock_shared($1, hashtext($2))", AdvisoryLocks.Repository, repository.Value);
}
