using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Storage.Postgres.Policies;

namespace Registry.Storage.Postgres.Rows;

/// <summary>
/// Statements about tags, under the lock of the repository. Setting or deleting a tag writes the tag, its history, and the change, always together. It also
/// begins or ends the idle time of the manifest that the tag refers to.
/// </summary>
internal static class TagRows
{
    /// <summary>Collects the query of the manifests of tags.</summary>
    public static List<(string Tag, TaggedManifest Manifest)> Ask(PostgresSession session, RepositoryName repository, IEnumerable<Tag> tags) => session.Ask(
        """
        SELECT n, m.id, c.digest FROM unnest($2) n JOIN manifests m ON m.id = (
            SELECT t.manifest_id FROM tags t WHERE t.repository_id = (SELECT id FROM repositories r WHERE r.name = $1) AND t.name = n)
        JOIN content c ON c.id = m.content_id
        """,
        row => (row.GetString(0), new TaggedManifest(row.GetInt64(1), Digest.Parse(row.GetString(2)))),
        repository.Value,
        tags.Select(tag => tag.Value).Distinct(StringComparer.Ordinal).ToArray());

    /// <summary>Sets tags to a manifest.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="change">The change. The rules have been asked.</param>
    /// <param name="repositoryId">Row of the repository.</param>
    /// <param name="put">The manifest.</param>
    /// <param name="tags">The tags, each once, with the manifests that they refer to now; null for a new tag.</param>
    /// <param name="manifestId">Row of the manifest.</param>
    public static void Set(
        PostgresSession session,
        ChangeContext change,
        long repositoryId,
        ManifestPut put,
        IReadOnlyList<KeyValuePair<Tag, TaggedManifest?>> tags,
        long manifestId)
    {
        string[] names = [.. tags.Select(tag => tag.Key.Value)];
        string?[] before = [.. tags.Select(tag => tag.Value?.Digest.Value)];
        Point(session, repositoryId, names, tags.Select(tag => tag.Value), manifestId, change.Time.ToUnixTimeMilliseconds());
        AddHistory(session, repositoryId, names, [.. names.Select(_ => manifestId)], change.UnixTime);
        ChangeRows.AppendEach(
            session, change, ChangeKind.TagSet, repositoryId, put.Repository, names, before, put.Digest, put.Manifest.MediaType, put.Size);
    }

    /// <summary>Makes tags refer to a manifest. The manifests that they referred to begin their idle time, unless something else holds them.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="repositoryId">Row of the repository.</param>
    /// <param name="names">The tags, each once.</param>
    /// <param name="before">The manifests that they refer to now; null for a new tag.</param>
    /// <param name="manifestId">Row of the manifest.</param>
    /// <param name="setAt">The time, as Unix time in milliseconds.</param>
    public static void Point(
        PostgresSession session, long repositoryId, string[] names, IEnumerable<TaggedManifest?> before, long manifestId, long setAt)
    {
        session.Queue(
            """
            INSERT INTO tags (repository_id, name, manifest_id, set_at) SELECT $1, name, $3, $4 FROM unnest($2) name
            ON CONFLICT (repository_id, name) DO UPDATE SET manifest_id = excluded.manifest_id, set_at = excluded.set_at
            WHERE tags.manifest_id <> excluded.manifest_id
            """,
            repositoryId,
            names,
            manifestId,
            setAt);
        ManifestHolds.Hold(session, manifestId);
        long[] released = [.. before.Where(manifest => manifest is not null && manifest.Value.Id != manifestId).Select(manifest => manifest!.Value.Id).Distinct()];
        if (released.Length > 0)
        {
            ManifestHolds.ReleaseTagged(session, released);
        }
    }

    /// <summary>Records manifests that tags have referred to.</summary>
    public static void AddHistory(PostgresSession session, long repositoryId, string[] names, long[] manifestIds, long unixTime) => session.Queue(
        """
        INSERT INTO tag_history (repository_id, tag, manifest_id, set_at) SELECT $1, tag, manifest_id, $4 FROM unnest($2, $3) u (tag, manifest_id)
        ON CONFLICT (repository_id, tag, manifest_id) DO UPDATE SET set_at = excluded.set_at
        """,
        repositoryId,
        names,
        manifestIds,
        unixTime);

    /// <summary>Removes tags of a manifest, with their history. The digests of those that the rules keep stay.</summary>
    public static void Remove(
        PostgresSession session, ChangeContext change, long repositoryId, RepositoryName repository, IReadOnlyCollection<Tag> tags, Digest digest)
    {
        if (tags.Count > 0)
        {
            string[] names = [.. tags.Select(tag => tag.Value)];
            string?[] previous = [.. names.Select(_ => digest.Value)];
            KeptTagRows.Keep(session, change, repository, tags.Select(tag => (tag, digest)));

            // For a list of names, PostgreSQL would read all tags of the repository. The lock keeps the rows where they are.
            session.Queue(
                """
                DELETE FROM tags WHERE ctid = ANY(ARRAY(
                    SELECT t.ctid FROM unnest($2) n, LATERAL (SELECT ctid FROM tags WHERE repository_id = $1 AND name = n OFFSET 0) t))
                """,
                repositoryId,
                names);
            session.Queue(
                """
                DELETE FROM tag_history WHERE ctid = ANY(ARRAY(
                    SELECT h.ctid FROM unnest($2) n, LATERAL (SELECT ctid FROM tag_history WHERE repository_id = $1 AND tag = n OFFSET 0) h))
                """,
                repositoryId,
                names);
            ChangeRows.AppendEach(session, change, ChangeKind.TagRemoved, repositoryId, repository, names, previous);
        }
    }

    /// <summary>Asks the rules about the deletion of tags.</summary>
    /// <returns>The first refusal; null if all may be deleted.</returns>
    public static RegistryError? FindRefusal(ChangeContext change, RepositoryName repository, IEnumerable<Tag> tags, Digest digest)
    {
        foreach (var tag in tags)
        {
            if (change.Rules.CheckTag(new TagChange(repository, tag, digest, After: null, change.Origin)) is { } refused)
            {
                return refused;
            }
        }

        return null;
    }
}
