using Registry.Core.Changes;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite.Activity;

/// <summary>Statements about the <c>changes</c> table for <see cref="SqliteActivity"/>. Their first conditions are those of the index <c>changes_by_repository</c>.</summary>
internal static class ActivityRows
{
    /// <summary>Reads the changes of all repositories before a sequence, the newest first.</summary>
    public static List<RegistryChange> List(SqliteSession session, long before, int limit) => session.All(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE kind IN (3, 4, 5, 6, 8) AND source <> 4 AND (kind <> 5 OR previous IS NOT digest) AND sequence < @1 ORDER BY sequence DESC LIMIT @2
        """,
        ChangeRows.ReadRow,
        before,
        limit);

    /// <summary>Reads the changes of a repository before a sequence, the newest first.</summary>
    public static List<RegistryChange> List(SqliteSession session, long repositoryId, long before, int limit) => session.All(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE kind IN (3, 4, 5, 6, 8) AND source <> 4 AND (kind <> 5 OR previous IS NOT digest) AND repository_id = @1 AND sequence < @2
        ORDER BY sequence DESC LIMIT @3
        """,
        ChangeRows.ReadRow,
        repositoryId,
        before,
        limit);
}
