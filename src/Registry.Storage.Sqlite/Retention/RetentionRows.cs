using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies.Retention;
using Registry.Core.Pulls;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite.Retention;

/// <summary>Statements of the retention, inside the caller's savepoint.</summary>
internal static class RetentionRows
{
    /// <summary>
    /// Records that a client has pulled a manifest of a repository that is not mirrored. A recorded time stays if it is later, but not one that is later than now, of a clock that
    /// was wrong.
    /// </summary>
    public static void Record(SqliteSession session, ManifestPull pull, long now) => session.Execute(
        """
        INSERT INTO manifest_pulls (manifest_id, pulled_at) SELECT m.id, @3
        FROM repositories r CROSS JOIN content c ON c.digest = @2 CROSS JOIN manifests m ON m.repository_id = r.id AND m.content_id = c.id
        WHERE r.name = @1 AND r.upstream IS NULL
        ON CONFLICT (manifest_id) DO UPDATE SET pulled_at = excluded.pulled_at WHERE pulled_at < excluded.pulled_at OR pulled_at > @4
        """,
        pull.Repository.Value,
        pull.Digest.Value,
        pull.Time.ToUnixTimeSeconds(),
        now);

    /// <summary>Reads the manifests of a repository.</summary>
    public static List<RetainedManifest> ReadManifests(SqliteSession session, long repositoryId, long limit, long now) => session.All(
        """
        SELECT m.id, c.digest, c.size, (
                SELECT s.id FROM content d CROSS JOIN manifests s ON s.repository_id = @1 AND s.content_id = d.id WHERE d.digest = m.subject),
            m.pushed_at, p.pulled_at, m.idle_since
        FROM manifests m CROSS JOIN content c ON c.id = m.content_id LEFT JOIN manifest_pulls p ON p.manifest_id = m.id WHERE m.repository_id = @1 LIMIT @2
        """,
        row => new RetainedManifest(
            row.GetInt64(0),
            Digest.Parse(row.GetString(1)),
            row.GetInt64(2),
            row.IsDBNull(3) ? null : row.GetInt64(3),
            DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(4)),
            row.IsDBNull(5) ? null : DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(5)),
            row.IsDBNull(6) ? null : TimeSpan.FromSeconds(now - row.GetInt64(6))),
        repositoryId,
        limit);

    /// <summary>Reads the manifests of a repository that others of it refer to.</summary>
    public static List<RetainedChild> ReadChildren(SqliteSession session, long repositoryId, long limit) => session.All(
        """
        SELECT m.id, k.id FROM manifests m CROSS JOIN manifest_references f ON f.manifest_id = m.id
        CROSS JOIN manifests k ON k.repository_id = @1 AND k.content_id = f.content_id WHERE m.repository_id = @1 LIMIT @2
        """,
        row => new RetainedChild(row.GetInt64(0), row.GetInt64(1)),
        repositoryId,
        limit);

    /// <summary>Reads the tags of a repository. A tag has the time in milliseconds at which it was set, and one in seconds of the last push to its manifest.</summary>
    public static List<RetainedTag> ReadTags(SqliteSession session, long repositoryId, long limit) => session.All(
        """
        SELECT t.name, t.manifest_id, max(t.set_at, 1000 * COALESCE(h.set_at, 0)) FROM tags t
        LEFT JOIN tag_history h ON h.repository_id = @1 AND h.tag = t.name AND h.manifest_id = t.manifest_id WHERE t.repository_id = @1 LIMIT @2
        """,
        row => new RetainedTag(Tag.Parse(row.GetString(0)), row.GetInt64(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2))),
        repositoryId,
        limit);

    /// <summary>Tells whether a manifest is still as a retention has read it.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="step">What is to be deleted.</param>
    /// <param name="idleBefore">Running second since before which nothing may have held it; null if a tag holds it.</param>
    /// <returns>The refusal; null if it is, or is gone.</returns>
    public static RegistryError? FindChange(SqliteSession session, RetentionStep step, long? idleBefore) => session.Number(
        """
        SELECT m.pushed_at <> @3 OR (@4 IS NOT NULL AND (m.idle_since IS NULL OR m.idle_since > @4))
            OR (@5 IS NOT NULL AND (EXISTS (SELECT 1 FROM manifest_pulls WHERE manifest_id = m.id AND pulled_at >= @5)
                OR EXISTS (SELECT 1 FROM manifest_references f CROSS JOIN manifests k ON k.repository_id = m.repository_id AND k.content_id = f.content_id
                    CROSS JOIN manifest_pulls p ON p.manifest_id = k.id AND p.pulled_at >= @5 WHERE f.manifest_id = m.id)))
            OR (@6 AND (EXISTS (SELECT 1 FROM manifest_references WHERE content_id = m.content_id AND repository_id = m.repository_id)
                OR EXISTS (SELECT 1 FROM content d CROSS JOIN manifests s ON s.repository_id = m.repository_id AND s.content_id = d.id WHERE d.digest = m.subject)))
            OR EXISTS (SELECT 1 FROM json_each(@7) j CROSS JOIN content d ON d.digest = j.value
                CROSS JOIN manifests s ON s.repository_id = m.repository_id AND s.content_id = d.id)
        FROM repositories r CROSS JOIN content c ON c.digest = @2 CROSS JOIN manifests m ON m.repository_id = r.id AND m.content_id = c.id WHERE r.name = @1
        """,
        step.Repository.Value,
        step.Digest.Value,
        step.PushedAt.ToUnixTimeSeconds(),
        idleBefore,
        step.PulledBefore?.ToUnixTimeSeconds(),
        step.Tag is null,
        JsonList.Of([.. step.Absent.Select(digest => digest.Value)])) is 1 ? new RegistryError(RegistryErrorCode.PreconditionFailed) : null;
}
