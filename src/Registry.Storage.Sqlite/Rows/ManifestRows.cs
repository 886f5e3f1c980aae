using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Storage.Sqlite.Mirroring;
using Registry.Storage.Sqlite.Policies;
using Registry.Storage.Sqlite.Trash;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>Mutations of manifests, each inside the caller's savepoint.</summary>
internal static class ManifestRows
{
    private const int MaxNamed = 100;

    /// <summary>Checks a manifest; see <see cref="IMetadataStore.CheckManifestAsync"/>.</summary>
    public static Result<StoredBlob?> Check(SqliteSession session, IChangeRules rules, ManifestPut put, PushedReferences references)
    {
        if (MirrorRows.FindRefusal(session, put.Repository, put.Origin, out var repository) is { } mirrored)
        {
            return mirrored;
        }

        var repositoryId = repository.Id;
        if (Refuse(session, repositoryId, put, references, out var tagged) is { } refused)
        {
            return refused;
        }

        var known = put.FromTrash is { } entry ? TrashRows.FindContent(session, entry, repositoryId, put.Digest) : session.First<StoredBlob?>(
            "SELECT c.size, c.place FROM content c JOIN manifests m ON m.repository_id = @1 AND m.content_id = c.id WHERE c.digest = @2",
            row => new StoredBlob(row.GetInt64(0), new BlobPlace(put.Digest, ContentRows.ReadKey(row, 1))),
            repositoryId,
            put.Digest.Value);
        return rules != NoRules.Instance && FindRefusal(session, rules, repositoryId, put, tagged, isKnown: put.FromTrash is null && known is not null) is { } forbidden ? forbidden : known;
    }

    /// <summary>Records a manifest; see <see cref="IMetadataStore.PutManifestAsync"/>.</summary>
    public static Result<IReadOnlyList<MovedTag>?> Put(SqliteSession session, ChangeContext change, ManifestPut put, PushedReferences references)
    {
        if (MirrorRows.Open(session, put.Repository, put.Origin, out var repositoryId) is { } mirrored)
        {
            return mirrored;
        }

        if (Refuse(session, repositoryId, put, references, out var tagged) is { } refused)
        {
            return refused;
        }

        if (SubjectRows.FindReleased(session, put.Repository, put.Manifest.Subject?.Digest) is not null)
        {
            return default;
        }

        var contentId = ContentRows.PutStored(session, put.Digest, put.Size, put.Place);
        if (put.Staged is not null)
        {
            StagedRows.Set(session, contentId, put.Staged);
        }

        var manifestId = Find(session, repositoryId, contentId);
        if (manifestId is null)
        {
            if (change.Rules.CheckManifest(ChangeOf(put)) is { } forbidden)
            {
                return forbidden;
            }

            var quota = QuotaTurn.Begin(session, change, put, repositoryId);
            manifestId = Insert(
                session, repositoryId, contentId, put.Digest, put.Manifest, references, SetsTags(session, repositoryId, put), change.Now, change.UnixTime);
            ChangeRows.Append(
                session, change, ChangeKind.ManifestAdded, repositoryId, put.Repository, put.Digest, mediaType: put.Manifest.MediaType, size: put.Size);
            if (quota.FindRefusal(session, change.Rules) is { } exceeded)
            {
                return exceeded;
            }
        }
        else
        {
            ManifestHolds.Renew(session, manifestId.Value, change.Now, change.UnixTime);
        }

        var moved = new List<MovedTag>();
        foreach (var tag in put.Tags)
        {
            var before = tag == put.Reference.Tag ? tagged : TagRows.Find(session, repositoryId, tag);
            if (before is { } other && other.Digest != put.Digest)
            {
                moved.Add(new MovedTag(tag, other.Digest));
                if (put.OnlyNewTags)
                {
                    continue;
                }
            }

            if (TagRows.Set(session, change, repositoryId, put, tag, before, manifestId.Value) is { } forbidden)
            {
                return forbidden;
            }
        }

        return moved;
    }

    /// <summary>Removes a manifest and its tags, or moves them into the trash. Otherwise the grace period of what it needed begins.</summary>
    public static Result<ManifestDeletion> Delete(
        SqliteSession session, ChangeContext change, RepositoryName repository, Digest digest, Precondition precondition, bool toTrash = false)
    {
        var found = Find(session, repository, digest);
        if (found == default)
        {
            return RegistryErrorCode.ManifestUnknown;
        }

        if (!precondition.Holds(digest))
        {
            return RegistryErrorCode.PreconditionFailed;
        }

        // Without rules, the tags need not be read twice.
        return change.Rules != NoRules.Instance && FindRefusal(session, change, found, repository, digest) is { } refused
            ? refused
            : new ManifestDeletion(digest, found.Size, toTrash
                ? MoveToTrash(session, change, found, repository, digest)
                : Remove(session, change, found, repository, digest, out _));
    }

    /// <summary>Restarts the idle time of a manifest, if it is idle; false if there is no such manifest.</summary>
    public static bool Renew(SqliteSession session, RepositoryName repository, Digest digest, long now)
    {
        var found = Find(session, repository, digest);
        ManifestHolds.Touch(session, found.Id, now);
        return found != default;
    }

    /// <summary>Asks the rules about the deletion of a manifest with all its tags.</summary>
    /// <returns>The first refusal; null if it may be deleted, or does not exist.</returns>
    public static RegistryError? FindRefusal(SqliteSession session, ChangeContext change, RepositoryName repository, Digest digest) =>
        Find(session, repository, digest) is var found && found != default ? FindRefusal(session, change, found, repository, digest) : null;

    /// <summary>Removes a manifest that nothing has held since before a time.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="change">The change. No rule is asked: what expires has no tag, and a refusal would keep it for ever.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The manifest.</param>
    /// <param name="idleBefore">The time, in seconds of the running clock.</param>
    /// <param name="withRoots">True to remove a root, too.</param>
    /// <returns>True if it was removed.</returns>
    public static bool Expire(SqliteSession session, ChangeContext change, RepositoryName repository, Digest digest, long idleBefore, bool withRoots)
    {
        var found = FindExpired(session, change, repository, digest, idleBefore, withRoots);
        if (found == default)
        {
            return false;
        }

        Remove(session, change, found, repository, digest, out _);
        return true;
    }

    /// <summary>Removes a manifest that a purge has released, unless something holds it, or it was pushed by itself. Its grace period does not count.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="change">The change.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The manifest.</param>
    /// <param name="released">JSON array of the content that it referred to; null if there was none.</param>
    /// <returns>False if the manifest stays.</returns>
    public static bool Purge(SqliteSession session, ChangeContext change, RepositoryName repository, Digest digest, out string? released)
    {
        released = null;
        var found = FindExpired(session, change, repository, digest, long.MaxValue, withRoots: false);
        if (found == default)
        {
            return false;
        }

        Remove(session, change, found, repository, digest, out released);
        return true;
    }

    /// <summary>Removes a manifest that <see cref="Expire"/> would remove from the history of some tags, if these are many.</summary>
    /// <returns>True if there may be more.</returns>
    public static bool ForgetExpired(
        SqliteSession session, ChangeContext change, RepositoryName repository, Digest digest, long idleBefore, bool withRoots) =>
        FindExpired(session, change, repository, digest, idleBefore, withRoots) != default && TagRows.ForgetSome(session, change, repository, digest);

    /// <summary>
    /// Adds a manifest with its references, and takes it out of the trash. The links and manifests it needs, and its referrers, are no longer idle.
    /// </summary>
    /// <param name="session">The transaction.</param>
    /// <param name="repositoryId">Row of its repository.</param>
    /// <param name="contentId">Row of its bytes.</param>
    /// <param name="digest">Digest of the bytes.</param>
    /// <param name="manifest">Parsed bytes.</param>
    /// <param name="references">References of the manifest.</param>
    /// <param name="isTagged">True if a tag is about to hold it.</param>
    /// <param name="now">The running clock, from which on it is idle if nothing holds it.</param>
    /// <param name="pushedAt">Unix time, in seconds.</param>
    public static long Insert(
        SqliteSession session,
        long repositoryId,
        long contentId,
        Digest digest,
        Manifest manifest,
        PushedReferences references,
        bool isTagged,
        long now,
        long pushedAt)
    {
        var trashed = TrashRows.Take(session, repositoryId, contentId);
        var id = session.Number(
            """
            INSERT INTO manifests (repository_id, content_id, media_type, artifact_type, subject, annotations, pushed_at, idle_since)
            SELECT @1, @2, @3, @4, @5, @6, @7, CASE
                WHEN EXISTS (SELECT 1 FROM held_content WHERE content_id = @2 AND repository_id = @1) THEN NULL
                WHEN EXISTS (SELECT 1 FROM repositories WHERE id = @1 AND upstream IS NOT NULL) THEN NULL
                WHEN EXISTS (
                    SELECT 1 FROM content c JOIN kept_manifests s ON s.repository_id = @1 AND s.content_id = c.id WHERE c.digest = @5)
                THEN NULL
                ELSE @8
            END RETURNING id
            """,
            repositoryId,
            contentId,
            manifest.MediaType,
            manifest.ArtifactType,
            manifest.Subject?.Digest.Value,
            manifest.Annotations,
            pushedAt,
            isTagged ? null : now)!.Value;
        session.Execute("UPDATE repositories SET manifest_count = manifest_count + 1, is_deleted = 0 WHERE id = @1", repositoryId);
        if (references.Count > 0)
        {
            ReferenceRows.Add(session, id, repositoryId, references);
        }

        ManifestHolds.HoldChildren(session, id, repositoryId);
        SubjectRows.SettleFirst(session, repositoryId, digest, now);
        if (trashed is not null)
        {
            TrashRows.ReleaseOthers(session, repositoryId, id, trashed, manifest.IsIndex, now);
        }

        return id;
    }

    public static long? Find(SqliteSession session, long repositoryId, long contentId) =>
        session.Number("SELECT id FROM manifests WHERE repository_id = @1 AND content_id = @2", repositoryId, contentId);

    private static ManifestRow Find(SqliteSession session, RepositoryName repository, Digest digest) => session.First(
        """
        SELECT m.id, m.content_id, m.repository_id, m.media_type, c.size FROM repositories r JOIN content c ON c.digest = @2
        JOIN manifests m ON m.repository_id = r.id AND m.content_id = c.id WHERE r.name = @1
        """,
        ManifestRow.Read,
        repository.Value,
        digest.Value);

    // A manifest that a rule keeps is not found.
    private static ManifestRow FindExpired(
        SqliteSession session, ChangeContext change, RepositoryName repository, Digest digest, long idleBefore, bool withRoots)
    {
        var found = session.First(
            """
            SELECT m.id, m.content_id, m.repository_id, m.media_type, c.size FROM repositories r JOIN content c ON c.digest = @2
            JOIN manifests m ON m.repository_id = r.id AND m.content_id = c.id
            WHERE r.name = @1 AND r.pinned = 0 AND m.idle_since < @3 AND m.is_root <= @4
            AND NOT EXISTS (SELECT 1 FROM unsettled_subjects u WHERE u.repository_id = m.repository_id AND u.subject = m.subject)
            """,
            ManifestRow.Read,
            repository.Value,
            digest.Value,
            idleBefore,
            withRoots);
        return found == default || FindRefusal(change, found, repository, digest) is null ? found : default;
    }

    private static RegistryError? Refuse(SqliteSession session, long repositoryId, ManifestPut put, PushedReferences references, out TagTarget? tagged)
    {
        tagged = null;
        var missing = put.FromTrash is { } entry
            ? TrashRows.FindMissing(session, entry, MaxNamed)
            : ReferenceRows.FindMissing(session, repositoryId, references, MaxNamed);
        if (missing.Count > 0)
        {
            return new RegistryError(RegistryErrorCode.ManifestBlobUnknown, missing);
        }

        // After the references (RFC 9110, section 13.2.1): otherwise a push that cannot succeed would tell a caller who may not pull whether a tag
        // exists.
        Digest? current;
        if (put.Reference.Tag is { } tag)
        {
            tagged = TagRows.Find(session, repositoryId, tag);
            current = tagged?.Digest;
        }
        else
        {
            current = Exists(session, repositoryId, put.Digest) ? put.Digest : null;
        }

        return !put.Precondition.Holds(current) ? RegistryErrorCode.PreconditionFailed
            : put.MustExist && !Exists(session, repositoryId, put.Digest) ? RegistryErrorCode.ManifestUnknown
            : put.FromTrash is { } id && TrashRows.FindContent(session, id, repositoryId, put.Digest) is null ? RegistryErrorCode.ManifestUnknown
            : (RegistryError?)null;
    }

    // Asks the rules about a push, as Put does step by step.
    private static RegistryError? FindRefusal(
        SqliteSession session, IChangeRules rules, long repositoryId, ManifestPut put, TagTarget? tagged, bool isKnown)
    {
        if (!isKnown && rules.CheckManifest(ChangeOf(put)) is { } refused)
        {
            return refused;
        }

        foreach (var tag in put.Tags)
        {
            var before = tag == put.Reference.Tag ? tagged : TagRows.Find(session, repositoryId, tag);
            if (!(put.OnlyNewTags && before is not null)
                && TagRows.FindRefusal(session, rules, put, tag, before) is { } forbidden)
            {
                return forbidden;
            }
        }

        return null;
    }

    private static RegistryError? FindRefusal(
        SqliteSession session, ChangeContext change, ManifestRow manifest, RepositoryName repository, Digest digest) =>
        TagRows.FindRefusal(session, change, manifest.Id, repository, digest) ?? FindRefusal(change, manifest, repository, digest);

    private static RegistryError? FindRefusal(ChangeContext change, ManifestRow manifest, RepositoryName repository, Digest digest) =>
        change.Rules.CheckManifest(new ManifestChange(repository, digest, manifest.Size, Content: null, change.Origin));

    private static ManifestChange ChangeOf(ManifestPut put) => new(put.Repository, put.Digest, put.Size, put.Manifest, put.Origin);

    private static bool Exists(SqliteSession session, long repositoryId, Digest digest) => session.Number(
        "SELECT m.id FROM content c JOIN manifests m ON m.repository_id = @1 AND m.content_id = c.id WHERE c.digest = @2",
        repositoryId,
        digest.Value) is not null;

    private static bool SetsTags(SqliteSession session, long repositoryId, ManifestPut put) =>
        put.Tags.Count > 0 && (!put.OnlyNewTags || put.Tags.Any(tag => TagRows.Find(session, repositoryId, tag) is null));

    // Returns the tags. Nothing is released.
    private static List<Tag> MoveToTrash(SqliteSession session, ChangeContext change, ManifestRow manifest, RepositoryName repository, Digest digest)
    {
        TrashRows.Add(session, change, manifest.Id, manifest.Repository, manifest.Content);
        var tags = TagRows.DeleteAllOf(session, change, manifest.Id, manifest.Repository, repository, digest);
        RemoveRow(session, manifest);
        ChangeRows.Append(session, change, ChangeKind.ManifestRemoved, manifest.Repository, repository, digest, size: manifest.Size);
        return tags;
    }

    // Returns the row's references, as ReferenceRows.Remove does.
    private static string? RemoveRow(SqliteSession session, ManifestRow manifest)
    {
        var references = ReferenceRows.Remove(session, manifest.Id);
        session.Execute("DELETE FROM manifests WHERE id = @1", manifest.Id);
        session.Execute("UPDATE repositories SET manifest_count = manifest_count - 1 WHERE id = @1", manifest.Repository);
        return references;
    }

    // Returns the removed tags.
    private static List<Tag> Remove(
        SqliteSession session, ChangeContext change, ManifestRow manifest, RepositoryName repository, Digest digest, out string? released)
    {
        var tags = TagRows.DeleteAllOf(session, change, manifest.Id, manifest.Repository, repository, digest);
        TrashRows.RemoveTags(session, manifest.Repository, manifest.Content);
        released = RemoveRow(session, manifest);
        if (released is not null)
        {
            ReferenceRows.Release(session, manifest.Repository, released, manifest.IsIndex, change.Now);
        }

        SubjectRows.SettleFirst(session, manifest.Repository, digest, change.Now);
        ContentRows.OrphanUnused(session, JsonList.Of(manifest.Content));
        ChangeRows.Append(session, change, ChangeKind.ManifestRemoved, manifest.Repository, repository, digest, size: manifest.Size);
        return tags;
    }
}
