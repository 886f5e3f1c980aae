using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Storage.Sqlite.Policies;
using Registry.Storage.Sqlite.Trash;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>
/// Tags, inside the caller's savepoint. Setting or deleting a tag writes the tag, its history, and the change, always together. It also begins or
/// ends the idle time of the manifest that the tag refers to.
/// </summary>
internal static class TagRows
{
    /// <summary>Number of rows that a change of a tag touches: the tag, its history, the change, and the manifest it referred to before.</summary>
    public const int RowsOfTag = 4;

    /// <summary>Number of tags, or of entries of their history, that a turn of a deletion removes: about 10 ms of the writer.</summary>
    public const int Many = 500;

    /// <summary>Number of rows that a turn of a deletion changes, approximately.</summary>
    public const int RowsOfMany = Many * RowsOfTag;

    /// <summary>Finds the manifest of a tag; null if there is no such tag.</summary>
    public static TagTarget? Find(SqliteSession session, long repositoryId, Tag tag) => session.First<TagTarget?>(
        """
        SELECT t.manifest_id, c.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id JOIN content c ON c.id = m.content_id
        WHERE t.repository_id = @1 AND t.name = @2
        """,
        row => new TagTarget(row.GetInt64(0), Digest.Parse(row.GetString(1))),
        repositoryId,
        tag.Value);

    /// <summary>Sets a tag to a manifest.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="change">The change.</param>
    /// <param name="repositoryId">Row of the repository.</param>
    /// <param name="put">The manifest.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="before">The manifest that it refers to now; null for a new tag.</param>
    /// <param name="manifestId">Row of the manifest.</param>
    /// <returns>The refusal of a rule; null if the tag is set.</returns>
    public static RegistryError? Set(
        SqliteSession session,
        ChangeContext change,
        long repositoryId,
        ManifestPut put,
        Tag tag,
        TagTarget? before,
        long manifestId)
    {
        if (FindRefusal(session, change.Rules, put, tag, before) is { } refused)
        {
            return refused;
        }

        Point(session, repositoryId, tag, before, manifestId, change.Now, change.Time.ToUnixTimeMilliseconds());
        AddHistory(session, repositoryId, tag, manifestId, change.UnixTime);
        ChangeRows.Append(
            session, change, ChangeKind.TagSet, repositoryId, put.Repository, put.Digest, tag, before?.Digest, put.Manifest.MediaType, put.Size);
        return null;
    }

    /// <summary>Asks the rules about a tag that is set to a manifest.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="rules">The rules.</param>
    /// <param name="put">The manifest.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="before">The manifest that it refers to now; null for a new tag.</param>
    public static RegistryError? FindRefusal(SqliteSession session, IChangeRules rules, ManifestPut put, Tag tag, TagTarget? before) =>
        rules.CheckTag(new TagChange(put.Repository, tag, before?.Digest, put.Digest, put.Origin)
        {
            Kept = before is null ? KeptTagRows.Find(session, rules, put.Origin, put.Repository, tag) : null,
        });

    /// <summary>Records a tag, and its history, that indexing has found in the tree: no change is recorded.</summary>
    public static void SetIndexed(SqliteSession session, long repositoryId, Tag tag, long manifestId, long now, long unixTime)
    {
        Point(session, repositoryId, tag, Find(session, repositoryId, tag), manifestId, now, 1000 * unixTime);
        AddHistory(session, repositoryId, tag, manifestId, unixTime);
    }

    /// <summary>Records a manifest that a tag has referred to.</summary>
    public static void AddHistory(SqliteSession session, long repositoryId, Tag tag, long manifestId, long unixTime) => session.Execute(
        """
        INSERT INTO tag_history (repository_id, tag, manifest_id, set_at) VALUES (@1, @2, @3, @4)
        ON CONFLICT (repository_id, tag, manifest_id) DO UPDATE SET set_at = excluded.set_at
        """,
        repositoryId,
        tag.Value,
        manifestId,
        unixTime);

    /// <summary>Removes a tag and its history. The grace period of its manifest begins, unless something else holds it.</summary>
    /// <returns>The refusal of a rule; null if the tag is removed.</returns>
    public static RegistryError? Delete(
        SqliteSession session, ChangeContext change, long repositoryId, RepositoryName repository, Tag tag, TagTarget manifest)
    {
        if (change.Rules.CheckTag(new TagChange(repository, tag, manifest.Digest, After: null, change.Origin)) is { } refused)
        {
            return refused;
        }

        KeptTagRows.Keep(session, change, repository, [tag], manifest.Digest);
        session.Execute("DELETE FROM tags WHERE repository_id = @1 AND name = @2", repositoryId, tag.Value);
        session.Execute("DELETE FROM tag_history WHERE repository_id = @1 AND tag = @2", repositoryId, tag.Value);
        ChangeRows.Append(session, change, ChangeKind.TagRemoved, repositoryId, repository, tag: tag, previous: manifest.Digest);
        ManifestHolds.ReleaseTagged(session, manifest.Id, change.Now);
        return null;
    }

    /// <summary>Removes a tag and its history.</summary>
    public static Result<ManifestDeletion> Delete(
        SqliteSession session, ChangeContext change, RepositoryName repository, Tag tag, Precondition precondition)
    {
        if (ContentRows.FindRepository(session, repository) is not { } repositoryId
            || Find(session, repositoryId, tag) is not { } manifest)
        {
            return RegistryErrorCode.ManifestUnknown;
        }

        if (!precondition.Holds(manifest.Digest))
        {
            return RegistryErrorCode.PreconditionFailed;
        }

        return Delete(session, change, repositoryId, repository, tag, manifest) is { } refused
            ? refused
            : new ManifestDeletion(manifest.Digest, null, [tag]);
    }

    /// <summary>
    /// Removes all tags of a manifest that is being removed, and the manifest from the history of other tags. The rules have been asked
    /// (<see cref="FindRefusal(SqliteSession, ChangeContext, long, RepositoryName, Digest)"/>).
    /// </summary>
    /// <returns>The removed tags.</returns>
    public static List<Tag> DeleteAllOf(
        SqliteSession session, ChangeContext change, long manifestId, long repositoryId, RepositoryName repository, Digest digest)
    {
        var tags = session.All("DELETE FROM tags WHERE manifest_id = @1 RETURNING name", row => Tag.Parse(row.GetString(0)), manifestId);
        Forget(session, change, repositoryId, repository, tags, digest);
        AppendForgotten(
            session,
            change,
            repositoryId,
            repository,
            session.All("DELETE FROM tag_history WHERE manifest_id = @1 RETURNING tag", row => row.GetString(0), manifestId),
            digest);
        return tags;
    }

    /// <summary>Asks the rules about the deletion of all tags of a manifest.</summary>
    /// <returns>The first refusal; null if all may be deleted.</returns>
    public static RegistryError? FindRefusal(SqliteSession session, ChangeContext change, long manifestId, RepositoryName repository, Digest digest) =>
        FindRefusal(
            change,
            repository,
            session.All("SELECT name FROM tags WHERE manifest_id = @1", row => Tag.Parse(row.GetString(0)), manifestId),
            digest);

    /// <summary>
    /// Removes some tags of a manifest that is about to be removed, or some of their history, or of the tags that have referred to it, if these are many.
    /// </summary>
    /// <returns>The removed tags, and true if there may be many left; or the refusal of a rule, and the change must be rolled back.</returns>
    public static Result<(List<Tag> Tags, bool HasMore)> DeleteSome(
        SqliteSession session, ChangeContext change, RepositoryName repository, Digest digest, bool toTrash)
    {
        if (FindIds(session, repository, digest) is not { } found)
        {
            return (new List<Tag>(), false);
        }

        var names = session.All(
            "SELECT name FROM tags WHERE manifest_id = @1 LIMIT @2", row => row.GetString(0), found.Manifest, Many + 1L);
        var isMany = names.Count > Many;
        names = isMany ? names[..Many] : names;
        var tags = names.ConvertAll(Tag.Parse);
        if (FindRefusal(change, repository, tags, digest) is { } refused)
        {
            return refused;
        }

        if (Shorten(session, change, found.Repository, repository, names, found.Manifest))
        {
            return (new List<Tag>(), true);
        }

        if (!isMany)
        {
            return (new List<Tag>(), ForgetSome(session, change, found, repository, digest));
        }

        if (toTrash)
        {
            TrashRows.AddTags(session, found.Manifest, JsonList.Of(names));
        }

        session.Execute("DELETE FROM tags WHERE repository_id = @1 AND name IN (SELECT value FROM json_each(@2))", found.Repository, JsonList.Of(names));
        Forget(session, change, found.Repository, repository, tags, digest);
        ManifestHolds.ReleaseTagged(session, found.Manifest, change.Now);
        return (tags, true);
    }

    /// <summary>Number of entries of the history of a tag.</summary>
    public static long CountHistory(SqliteSession session, RepositoryName repository, Tag tag) => session.Number(
        "SELECT COUNT(*) FROM repositories r JOIN tag_history h ON h.repository_id = r.id AND h.tag = @2 WHERE r.name = @1", repository.Value, tag.Value) ?? 0;

    /// <summary>Removes some of the history of a tag that is about to be removed, unless that is refused.</summary>
    /// <returns>True if there may be more.</returns>
    public static bool ShortenHistory(SqliteSession session, ChangeContext change, RepositoryName repository, Tag tag, Precondition precondition) =>
        ContentRows.FindRepository(session, repository) is { } repositoryId
        && Find(session, repositoryId, tag) is { } manifest
        && precondition.Holds(manifest.Digest)
        && change.Rules.CheckTag(new TagChange(repository, tag, manifest.Digest, After: null, change.Origin)) is null
        && Shorten(session, change, repositoryId, repository, [tag.Value], manifest.Id);

    /// <summary>Removes a manifest that is about to expire from the history of some tags.</summary>
    /// <returns>True if there may be more.</returns>
    public static bool ForgetSome(SqliteSession session, ChangeContext change, RepositoryName repository, Digest digest) =>
        FindIds(session, repository, digest) is { } found && ForgetSome(session, change, found, repository, digest);

    // A tag keeps the entry of its manifest for as long as it refers to it.
    private static bool ForgetSome(
        SqliteSession session, ChangeContext change, (long Repository, long Manifest) found, RepositoryName repository, Digest digest)
    {
        var tags = session.All(
            """
            DELETE FROM tag_history WHERE repository_id = @1 AND manifest_id = @2 AND tag IN (
                SELECT h.tag FROM tag_history h WHERE h.manifest_id = @2
                AND NOT EXISTS (SELECT 1 FROM tags t WHERE t.repository_id = @1 AND t.name = h.tag AND t.manifest_id = @2) LIMIT @3)
            RETURNING tag
            """,
            row => row.GetString(0),
            found.Repository,
            found.Manifest,
            (long)Many);
        AppendForgotten(session, change, found.Repository, repository, tags, digest);
        return tags.Count == Many;
    }

    // Removes the earlier manifests of some tags of a manifest. The tags may outlive this, so the tree learns of it. True if there may be more.
    private static bool Shorten(
        SqliteSession session, ChangeContext change, long repositoryId, RepositoryName repository, List<string> tags, long manifestId)
    {
        var entries = session.All(
            """
            SELECT h.tag, h.manifest_id, c.digest FROM json_each(@2) j CROSS JOIN tag_history h ON h.repository_id = @1 AND h.tag = j.value
            JOIN manifests m ON m.id = h.manifest_id JOIN content c ON c.id = m.content_id WHERE h.manifest_id <> @3 LIMIT @4
            """,
            row => (Tag: row.GetString(0), Manifest: row.GetInt64(1), Digest: Digest.Parse(row.GetString(2))),
            repositoryId,
            JsonList.Of(tags),
            manifestId,
            (long)Many);
        foreach (var entry in entries)
        {
            session.Execute(
                "DELETE FROM tag_history WHERE repository_id = @1 AND tag = @2 AND manifest_id = @3", repositoryId, entry.Tag, entry.Manifest);
            ChangeRows.Append(session, change, ChangeKind.TagForgotten, repositoryId, repository, entry.Digest, Tag.Parse(entry.Tag));
        }

        return entries.Count == Many;
    }

    private static void AppendForgotten(
        SqliteSession session, ChangeContext change, long repositoryId, RepositoryName repository, List<string> tags, Digest digest)
    {
        if (tags.Count > 0)
        {
            ChangeRows.AppendEach(session, change, ChangeKind.TagForgotten, repositoryId, repository, JsonList.Of(tags), digest);
        }
    }

    private static void Point(SqliteSession session, long repositoryId, Tag tag, TagTarget? before, long manifestId, long now, long unixMilliseconds)
    {
        if (before?.Id == manifestId)
        {
            return;
        }

        session.Execute(
            """
            INSERT INTO tags (repository_id, name, manifest_id, set_at) VALUES (@1, @2, @3, @4)
            ON CONFLICT (repository_id, name) DO UPDATE SET manifest_id = excluded.manifest_id, set_at = excluded.set_at
            """,
            repositoryId,
            tag.Value,
            manifestId,
            unixMilliseconds);
        ManifestHolds.Hold(session, manifestId);
        if (before is { } released)
        {
            ManifestHolds.ReleaseTagged(session, released.Id, now);
        }
    }

    private static RegistryError? FindRefusal(ChangeContext change, RepositoryName repository, List<Tag> tags, Digest digest)
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

    // Removes the history of tags that were removed, and records their removal. The digests of those that the rules keep stay.
    private static void Forget(
        SqliteSession session, ChangeContext change, long repositoryId, RepositoryName repository, List<Tag> tags, Digest digest)
    {
        if (tags.Count > 0)
        {
            KeptTagRows.Keep(session, change, repository, tags, digest);
            var names = JsonList.Of(tags.ConvertAll(tag => tag.Value));
            session.Execute("DELETE FROM tag_history WHERE repository_id = @1 AND tag IN (SELECT value FROM json_each(@2))", repositoryId, names);
            ChangeRows.AppendEach(session, change, ChangeKind.TagRemoved, repositoryId, repository, names, previous: digest);
        }
    }

    private static (long Repository, long Manifest)? FindIds(SqliteSession session, RepositoryName repository, Digest digest) =>
        session.First<(long, long)?>(
            """
            SELECT r.id, m.id FROM repositories r JOIN content c ON c.digest = @2 JOIN manifests m ON m.repository_id = r.id AND m.content_id = c.id
            WHERE r.name = @1
            """,
            row => (row.GetInt64(0), row.GetInt64(1)),
            repository.Value,
            digest.Value);
}
