using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres.Activity;

/// <summary>
/// Statements about the <c>changes</c> table for <see cref="PostgresActivity"/>. Their first conditions are those of the index <c>changes_of_repository</c>, which has its
/// order. Over all repositories, the sequence is only nearly the order in which changes took effect.
/// </summary>
internal static class ActivityRows
{
    /// <summary>Reads the changes of all repositories before a sequence, the newest first.</summary>
    public static Task<List<RegistryChange>> ListAsync(PostgresSession session, long before, int limit) => session.AllAsync(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE kind IN (3, 4, 5, 6, 8) AND source <> 4 AND (kind <> 5 OR previous IS DISTINCT FROM digest) AND sequence < $1 ORDER BY sequence DESC LIMIT $2
        """,
        ChangeRows.ReadRow,
        before,
        limit);

    /// <summary>Reads the changes of a repository before a sequence, the newest first.</summary>
    public static Task<List<RegistryChange>> ListAsync(PostgresSession session, RepositoryName repository, long before, int limit) => session.AllAsync(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE kind IN (3, 4, 5, 6, 8) AND source <> 4 AND (kind <> 5 OR previous IS DISTINCT FROM digest)
        AND repository_id = (SELECT id FROM repositories WHERE name = $1) AND -sequence > $2 ORDER BY -sequence LIMIT $3
        """,
        ChangeRows.ReadRow,
        repository.Value,
        -before,
        limit);
}
