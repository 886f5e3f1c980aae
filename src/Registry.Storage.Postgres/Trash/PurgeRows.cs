using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres.Trash;

/// <summary>Statements of a purge, under the lock of the repository.</summary>
internal static class PurgeRows
{
    /// <summary>Removes, after a manifest or an entry of the trash, the blobs that only it held, whatever was promised about them.</summary>
    /// <param name="session">The transaction, in which the content has been released.</param>
    /// <param name="change">The change.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="repositoryId">Its row.</param>
    /// <param name="content">Rows of the content, which are locked.</param>
    /// <returns>The blobs, and the manifests that only it held, which are still there.</returns>
    public static async Task<(List<Digest> Blobs, List<Digest> Manifests)> FollowAsync(
        PostgresSession session, ChangeContext change, RepositoryName repository, long repositoryId, long[] content)
    {
        var blobs = session.Ask(
            """
            DELETE FROM blob_links l USING content c WHERE l.repository_id = $1 AND l.content_id = ANY($2) AND l.idle_since IS NOT NULL AND c.id = l.content_id
            RETURNING c.digest
            """,
            row => Digest.Parse(row.GetString(0)),
            repositoryId,
            content);
        var manifests = await session.AllAsync(
            """
            SELECT c.digest FROM manifests m JOIN content c ON c.id = m.content_id
            WHERE m.repository_id = $1 AND m.content_id = ANY($2) AND m.idle_since IS NOT NULL AND NOT m.is_root
            """,
            row => Digest.Parse(row.GetString(0)),
            repositoryId,
            content);
        ContentRows.OrphanUnused(session, content);
        blobs.ForEach(blob => ChangeRows.Append(session, change, ChangeKind.BlobUnlinked, repositoryId, repository, blob));
        return (blobs, manifests);
    }

    /// <summary>Finds some released referrers of a manifest after a row, with the row of each.</summary>
    public static Task<List<(long Id, Digest Digest)>> FindReferrersAsync(PostgresSession session, long repositoryId, Digest subject, long after, int limit) =>
        session.AllAsync(
            """
            SELECT m.id, c.digest FROM manifests m JOIN content c ON c.id = m.content_id
            WHERE m.repository_id = $1 AND m.subject = $2 AND m.id > $3 AND m.idle_since IS NOT NULL AND NOT m.is_root
            ORDER BY m.id LIMIT $4
            """,
            row => (row.GetInt64(0), Digest.Parse(row.GetString(1))),
            repositoryId,
            subject.Value,
            after,
            limit);

    /// <summary>Collects the query of repositories that have content, or have it in their trash, except one.</summary>
    public static List<RepositoryName> AskHolders(PostgresSession session, Digest digest, RepositoryName except, int limit) => session.Ask(
        """
        SELECT r.name FROM content c JOIN blob_links l ON l.content_id = c.id JOIN repositories r ON r.id = l.repository_id WHERE c.digest = $1 AND r.name <> $2
        UNION
        SELECT r.name FROM content c JOIN kept_manifests m ON m.content_id = c.id JOIN repositories r ON r.id = m.repository_id WHERE c.digest = $1 AND r.name <> $2
        UNION
        SELECT r.name FROM content c JOIN trash_references f ON f.content_id = c.id JOIN repositories r ON r.id = f.repository_id WHERE c.digest = $1 AND r.name <> $2
        LIMIT $3
        """,
        row => RepositoryName.Parse(row.GetString(0)),
        digest.Value,
        except.Value,
        limit);
}
