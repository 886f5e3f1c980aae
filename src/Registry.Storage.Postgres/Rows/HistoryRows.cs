using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Storage.Postgres.Rows;

/// <summary>
/// Questions to the changes of one repository. All of them changed the repository while they had its lock, so their sequence is their order, and those without a
/// position are in it, too. The statements add 0 to it as the index of tags does.
/// </summary>
internal static class HistoryRows
{
    /// <summary>Reads the changes of a tag before a sequence, the newest first. What only repeats an entry of the tag is none.</summary>
    public static Task<List<RegistryChange>> ReadTagAsync(PostgresSession session, RepositoryName repository, Tag tag, long before, long limit) =>
        session.AllAsync(
            """
            SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
            WHERE repository_id = (SELECT id FROM repositories WHERE name = $1) AND tag = $2 AND sequence + 0 < $3
            AND kind IN (5, 6) AND source <> 4 AND previous IS DISTINCT FROM digest ORDER BY sequence + 0 DESC LIMIT $4
            """,
            ChangeRows.ReadRow,
            repository.Value,
            tag.Value,
            before,
            limit);

    /// <summary>Finds the last change of a tag whose time is not later than one in Unix milliseconds; null if there is none.</summary>
    public static Task<RegistryChange?> FindTagAsync(PostgresSession session, RepositoryName repository, Tag tag, long at) => session.FirstAsync(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE repository_id = (SELECT id FROM repositories WHERE name = $1) AND tag = $2 AND at <= $3
        AND kind IN (5, 6) AND source <> 4 AND previous IS DISTINCT FROM digest ORDER BY sequence + 0 DESC LIMIT 1
        """,
        ChangeRows.ReadRow,
        repository.Value,
        tag.Value,
        at);

    /// <summary>Finds the first change of a tag after a sequence; null if there is none.</summary>
    public static Task<RegistryChange?> FindNextAsync(PostgresSession session, RepositoryName repository, Tag tag, long after) => session.FirstAsync(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE repository_id = (SELECT id FROM repositories WHERE name = $1) AND tag = $2 AND sequence + 0 > $3
        AND kind IN (5, 6) AND source <> 4 AND previous IS DISTINCT FROM digest ORDER BY sequence + 0 LIMIT 1
        """,
        ChangeRows.ReadRow,
        repository.Value,
        tag.Value,
        after);

    /// <summary>Finds the last removal of a manifest; null if there is none.</summary>
    public static Task<RegistryChange?> FindRemovalAsync(PostgresSession session, RepositoryName repository, Digest digest) => session.FirstAsync(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE repository_id = (SELECT id FROM repositories WHERE name = $1) AND digest = $2 AND kind = 4 ORDER BY sequence DESC LIMIT 1
        """,
        ChangeRows.ReadRow,
        repository.Value,
        digest.Value);
}
