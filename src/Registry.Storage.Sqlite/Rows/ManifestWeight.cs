using Registry.Core.Oci;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>Number of rows that changes of manifests touch, approximately, for their turns (<see cref="Writer.WriteTurn"/>).</summary>
internal static class ManifestWeight
{
    /// <summary>Number of rows that a push changes, approximately. The referrers of the manifest have turns of their own.</summary>
    public static long CountRows(PushedReferences references, IReadOnlyCollection<Tag> tags) => references.Count + (TagRows.RowsOfTag * (long)tags.Count);

    /// <summary>
    /// Number of rows that the deletion of a manifest changes, approximately; 0 if there is no such manifest. Its referrers have turns of their own.
    /// </summary>
    public static long CountHeld(SqliteSession session, RepositoryName repository, Digest digest) => session.Number(
        """
        SELECT (SELECT COUNT(*) FROM manifest_references WHERE manifest_id = m.id) + @3 * (SELECT COUNT(*) FROM tags WHERE manifest_id = m.id)
            + 2 * (SELECT COUNT(*) FROM tag_history WHERE manifest_id = m.id)
            + (SELECT COUNT(*) FROM tags t JOIN tag_history h ON h.repository_id = t.repository_id AND h.tag = t.name WHERE t.manifest_id = m.id)
        FROM repositories r JOIN content c ON c.digest = @2 JOIN manifests m ON m.repository_id = r.id AND m.content_id = c.id WHERE r.name = @1
        """,
        repository.Value,
        digest.Value,
        TagRows.RowsOfTag) ?? 0;
}
