using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Core.Pulls;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite.Mirroring;

/// <summary>Statements about mirrored repositories, inside the caller's savepoint.</summary>
internal static class MirrorRows
{
    /// <summary>
    /// Finds or adds the row of a repository that a change adds content to. The change makes a new row mirrored or local, and one without content that was the other.
    /// </summary>
    /// <returns>The refusal, if the repository has content of another origin; null if the change may go on.</returns>
    public static RegistryError? Open(SqliteSession session, RepositoryName repository, ChangeOrigin origin, out long id)
    {
        if (FindRefusal(session, repository, origin, out var found) is { } refused)
        {
            id = found.Id;
            return refused;
        }

        if (found.Id == 0)
        {
            id = ContentRows.AddRepository(session, repository, origin.Upstream);
            return null;
        }

        id = found.Id;
        if (found.Upstream != origin.Upstream)
        {
            session.Execute("UPDATE repositories SET upstream = @2 WHERE id = @1", id, origin.Upstream);
        }

        return null;
    }

    /// <summary>Tells whether a change may add content to a repository.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="origin">Origin of the change.</param>
    /// <param name="found">Row and upstream of the repository; 0, which no row has, if there is none.</param>
    /// <returns>The refusal, if the repository has content of another origin; null if the change may go on.</returns>
    public static RegistryError? FindRefusal(
        SqliteSession session, RepositoryName repository, ChangeOrigin origin, out (long Id, string? Upstream) found)
    {
        found = session.First(
            "SELECT id, upstream FROM repositories WHERE name = @1", row => (row.GetInt64(0), ContentRows.ReadKey(row, 1)), repository.Value);
        return found.Id == 0 || found.Upstream == origin.Upstream || RepositoryRows.FindTaken(session, repository) is null
            ? null
            : MirrorRefusal.Of(repository, found.Upstream);
    }

    /// <summary>Upstream of a repository; null if it is local, or does not exist.</summary>
    public static string? FindUpstream(SqliteSession session, RepositoryName repository) => session.First(
        "SELECT upstream FROM repositories WHERE name = @1 AND (is_deleted = 0 OR manifest_count > 0)",
        row => ContentRows.ReadKey(row, 0),
        repository.Value);

    /// <summary>Finds a repository of a range that has content and another upstream, or none; null if there is none.</summary>
    public static RepositoryName? FindOther(SqliteSession session, RepositoryRange range, string upstream) => session.First<RepositoryName?>(
        """
        SELECT r.name FROM repositories r WHERE r.upstream IS NULL AND r.name >= @1 AND r.name < @2
        AND (r.manifest_count > 0 OR EXISTS (SELECT 1 FROM blob_links WHERE repository_id = r.id) OR EXISTS (SELECT 1 FROM trash WHERE repository_id = r.id))
        LIMIT 1
        """,
        row => RepositoryName.Parse(row.GetString(0)),
        range.Start,
        range.End) ?? session.First<RepositoryName?>(
        """
        SELECT r.name FROM mirror_totals u CROSS JOIN repositories r ON r.upstream = u.upstream AND r.name >= @1 AND r.name < @2 WHERE u.upstream <> @3
        AND (r.manifest_count > 0 OR EXISTS (SELECT 1 FROM blob_links WHERE repository_id = r.id) OR EXISTS (SELECT 1 FROM trash WHERE repository_id = r.id))
        LIMIT 1
        """,
        row => RepositoryName.Parse(row.GetString(0)),
        range.Start,
        range.End,
        upstream);

    /// <summary>Unix time in seconds at which the upstream was last asked for a tag; null if the repository has no such tag, or the upstream was never asked.</summary>
    public static long? FindCheck(SqliteSession session, RepositoryName repository, Tag tag) => session.Number(
        "SELECT k.checked_at FROM repositories r CROSS JOIN tag_checks k ON k.repository_id = r.id AND k.tag = @2 WHERE r.name = @1",
        repository.Value,
        tag.Value);

    /// <summary>Records that an upstream was asked for a tag. A recorded time stays if it is later, but not one that is later than now, of a clock that was wrong.</summary>
    public static void Record(SqliteSession session, TagCheck check, long now) => session.Execute(
        """
        INSERT INTO tag_checks (repository_id, tag, checked_at) SELECT t.repository_id, t.name, @3
        FROM repositories r CROSS JOIN tags t ON t.repository_id = r.id AND t.name = @2 WHERE r.name = @1 AND r.upstream IS NOT NULL
        ON CONFLICT (repository_id, tag) DO UPDATE SET checked_at = excluded.checked_at WHERE checked_at < excluded.checked_at OR checked_at > @4
        """,
        check.Repository.Value,
        check.Tag.Value,
        check.Time.ToUnixTimeSeconds(),
        now);

    /// <summary>Records that a client has pulled a manifest, as <see cref="Record(SqliteSession, TagCheck, long)"/> does.</summary>
    public static void Record(SqliteSession session, ManifestPull pull, long now) => session.Execute(
        """
        UPDATE mirrored_manifests SET pulled_at = @3 WHERE (pulled_at < @3 OR pulled_at > @4) AND manifest_id = (
            SELECT m.id FROM repositories r CROSS JOIN content c ON c.digest = @2 CROSS JOIN manifests m ON m.repository_id = r.id AND m.content_id = c.id
            WHERE r.name = @1)
        """,
        pull.Repository.Value,
        pull.Digest.Value,
        pull.Time.ToUnixTimeSeconds(),
        now);

    /// <summary>Lists manifests of the repositories of an upstream, the least recently pulled first.</summary>
    public static List<ManifestPull> ListOldest(SqliteSession session, string upstream, int limit) => session.All(
        """
        SELECT r.name, c.digest, p.pulled_at FROM mirrored_manifests p CROSS JOIN manifests m ON m.id = p.manifest_id
        CROSS JOIN repositories r ON r.id = m.repository_id CROSS JOIN content c ON c.id = m.content_id
        WHERE p.upstream = @1 ORDER BY p.pulled_at, p.manifest_id LIMIT @2
        """,
        row => new ManifestPull(
            RepositoryName.Parse(row.GetString(0)), Digest.Parse(row.GetString(1)), DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(2))),
        upstream,
        (long)limit);

    /// <summary>Reads what the repositories of an upstream hold.</summary>
    public static MirrorUse ReadUse(SqliteSession session, string upstream) => session.First(
        "SELECT repositories, manifests, bytes FROM mirror_totals WHERE upstream = @1",
        row => new MirrorUse(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)),
        upstream);

    /// <summary>Finds the row of a repository and the content, a JSON array, that its manifest refers to; null if it is not there, or was pulled at a time or later.</summary>
    public static (long Repository, string Content)? FindUnused(SqliteSession session, RepositoryName repository, Digest digest, long pulledBefore)
    {
        var found = session.First(
            """
            SELECT m.id, m.repository_id FROM repositories r CROSS JOIN content c ON c.digest = @2
            CROSS JOIN manifests m ON m.repository_id = r.id AND m.content_id = c.id CROSS JOIN mirrored_manifests p ON p.manifest_id = m.id
            WHERE r.name = @1 AND p.pulled_at < @3
            """,
            row => (Id: row.GetInt64(0), Repository: row.GetInt64(1)),
            repository.Value,
            digest.Value,
            pulledBefore);
        return found == default ? null : (found.Repository, ReferenceRows.Read(session, found.Id));
    }
}
