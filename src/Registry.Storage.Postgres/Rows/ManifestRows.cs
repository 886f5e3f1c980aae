using System.Text;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Storage.Postgres.Mirroring;
using Registry.Storage.Postgres.Nodes;
using Registry.Storage.Postgres.Policies;
using Registry.Storage.Postgres.Schema;
using Registry.Storage.Postgres.Trash;

namespace Registry.Storage.Postgres.Rows;

/// <summary>Mutations of manifests, under the lock of the repository. Each locks the content, then reads, decides, and writes.</summary>
internal static class ManifestRows
{
    /// <summary>Records a manifest; see <see cref="IMetadataStore.PutManifestAsync"/>.</summary>
    public static async Task<Result<IReadOnlyList<MovedTag>?>> PutAsync(
        PostgresSession session, ChangeContext change, ManifestPut put, PushedReferences references, QuotaTurn quota)
    {
        quota.Begin(session, put);
        var repository = MirrorRows.Open(session, put.Repository, put.Origin);
        string[] digests = PushedReferences.Distinct(put.Manifest.References.Select(reference => reference.Digest).Append(put.Digest));
        var rows = ContentRows.LockAndAdd(session, digests);
        var facts = PushFacts.Ask(session, change.Rules, put, references);
        var released = SubjectRows.AskReleased(session, put.Repository, put.Manifest.Subject?.Digest);
        var nextId = await session.NumberAsync("SELECT nextval('manifest_ids')");
        if ((await MirrorRows.TakeAsync(session, put.Repository, repository, put.Origin) ?? facts.FindFault()) is { } fault)
        {
            return fault;
        }

        if (released.Count > 0)
        {
            session.Abandon();
            return default;
        }

        if (facts.FindRuleAgainst() is { } refused)
        {
            return refused;
        }

        var content = ContentRows.Require(rows, digests);
        ContentRows.SetStored(session, put.Digest, put.Size, put.Place, put.Staged);
        var manifestId = facts.KnownId ?? nextId!.Value;
        if (facts.KnownId is not null)
        {
            ManifestHolds.Renew(session, manifestId, change.UnixTime);
        }
        else
        {
            Insert(
                session,
                new NewManifest(manifestId, repository[0].Id, content[put.Digest.Value], put.Digest, put.Manifest)
                {
                    References = [.. references.All.Select(digest => content[digest])],
                    Trashed = facts.Trashed,
                },
                facts.SetTags.Count > 0,
                change.UnixTime);
            ChangeRows.Append(
                session, change, ChangeKind.ManifestAdded, repository[0].Id, put.Repository, put.Digest, mediaType: put.Manifest.MediaType, size: put.Size);
            if (await quota.FindRefusalAsync(session, change.Rules, put) is { } exceeded)
            {
                return exceeded;
            }

            if (quota.MustRepeat)
            {
                return default;
            }
        }

        var tags = facts.SetTags;
        if (tags.Count > 0)
        {
            TagRows.Set(session, change, repository[0].Id, put, tags, manifestId);
        }

        return facts.Tags.Where(tag => tag.Value is { } before && before.Digest != put.Digest).Select(tag => new MovedTag(tag.Key, tag.Value!.Value.Digest)).ToList();
    }

    /// <summary>Removes a manifest and its tags, or moves them into the trash. Otherwise the grace period of what it needed begins.</summary>
    public static async Task<Result<ManifestDeletion>> DeleteAsync(
        PostgresSession session, ChangeContext change, RepositoryName repository, Digest digest, Precondition precondition, bool toTrash)
    {
        var older = toTrash ? ProcessRows.AskOlder(session, SchemaStep.OfTrash) : [];
        var content = LockContentOf(session, repository, [digest]);
        var tags = session.Ask(
            """
            SELECT t.name FROM content c JOIN manifests m ON m.content_id = c.id AND m.repository_id = (SELECT id FROM repositories WHERE name = $1)
            JOIN tags t ON t.manifest_id = m.id WHERE c.digest = $2 ORDER BY t.name
            """,
            row => Tag.Parse(row.GetString(0)),
            repository.Value,
            digest.Value);
        var found = await session.AllAsync(
            $"""
            SELECT {ManifestRow.Columns} FROM content c
            JOIN manifests m ON m.content_id = c.id AND m.repository_id = (SELECT id FROM repositories WHERE name = $1) WHERE c.digest = $2
            """,
            ManifestRow.Read,
            repository.Value,
            digest.Value);
        if (found.Count == 0)
        {
            return RegistryErrorCode.ManifestUnknown;
        }

        if (!precondition.Holds(digest))
        {
            return RegistryErrorCode.PreconditionFailed;
        }

        if ((TagRows.FindRefusal(change, repository, tags, digest)
            ?? change.Rules.CheckManifest(new ManifestChange(repository, digest, found[0].Size, Content: null, change.Origin))) is { } refused)
        {
            return refused;
        }

        Delete(session, change, repository, found[0], tags, content, toTrash && older[0] == 0);
        return new ManifestDeletion(digest, found[0].Size, tags);
    }

    /// <summary>Removes some manifests and their tags, or moves them into the trash, each as <see cref="DeleteAsync"/> does. The rules have been asked.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="change">The change.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="digests">The manifests, in the order of their deletion.</param>
    /// <param name="tags">The tags of each, by the row of its content.</param>
    /// <param name="toTrash">True to move them into the trash.</param>
    public static async Task DeleteEachAsync(
        PostgresSession session, ChangeContext change, RepositoryName repository, Digest[] digests, ILookup<long, Tag> tags, bool toTrash)
    {
        if (digests.Length == 0)
        {
            return;
        }

        var content = LockContentOf(session, repository, digests);
        var found = await session.AllAsync(
            $"""
            SELECT {ManifestRow.Columns} FROM manifests m JOIN content c ON c.id = m.content_id
            WHERE m.repository_id = (SELECT id FROM repositories WHERE name = $1) AND m.content_id = ANY(ARRAY(SELECT id FROM content WHERE digest = ANY($2)))
            """,
            ManifestRow.Read,
            repository.Value,
            digests.Select(digest => digest.Value).ToArray());
        foreach (var manifest in found.OrderByDescending(manifest => manifest.Content))
        {
            Delete(session, change, repository, manifest, [.. tags[manifest.Content]], content, toTrash);
        }
    }

    /// <summary>Removes a tag and its history.</summary>
    public static async Task<Result<ManifestDeletion>> DeleteTagAsync(
        PostgresSession session, ChangeContext change, RepositoryName repository, Tag tag, Precondition precondition)
    {
        var id = ContentRows.AskRepository(session, repository);
        var tagged = TagRows.Ask(session, repository, [tag]);
        await session.SendAsync();
        if (tagged.Count == 0)
        {
            return RegistryErrorCode.ManifestUnknown;
        }

        var manifest = tagged[0].Manifest;
        if (!precondition.Holds(manifest.Digest))
        {
            return RegistryErrorCode.PreconditionFailed;
        }

        if (TagRows.FindRefusal(change, repository, [tag], manifest.Digest) is { } refused)
        {
            return refused;
        }

        TagRows.Remove(session, change, id[0], repository, [tag], manifest.Digest);
        ManifestHolds.ReleaseTagged(session, [manifest.Id]);
        return new ManifestDeletion(manifest.Digest, null, [tag]);
    }

    /// <summary>Removes those of some manifests that nothing has held for longer than the grace period.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="change">The change. A manifest that its rules refuse stays.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="digests">The manifests.</param>
    /// <param name="grace">The grace period, in seconds.</param>
    /// <param name="withRoots">True to remove roots, too.</param>
    /// <returns>The removed manifests.</returns>
    public static async Task<Result<List<Digest>>> ExpireAsync(
        PostgresSession session, ChangeContext change, RepositoryName repository, IReadOnlyCollection<Digest> digests, long grace, bool withRoots)
    {
        var content = LockContentOf(session, repository, digests);

        // A manifest that is idle holds none that is idle, so those that are removed together do not depend on each other.
        var expired = await session.AllAsync(
            $"""
            SELECT {ManifestRow.Columns} FROM manifests m JOIN content c ON c.id = m.content_id
            WHERE m.repository_id = (SELECT id FROM repositories WHERE name = $1 AND NOT pinned) AND m.content_id = ANY(ARRAY(SELECT id FROM content WHERE digest = ANY($2)))
            AND m.idle_since < (SELECT seconds FROM clock) - $3 AND (NOT m.is_root OR $4)
            AND NOT EXISTS (SELECT 1 FROM unsettled_subjects u WHERE u.repository_id = m.repository_id AND u.subject = m.subject)
            """,
            ManifestRow.Read,
            repository.Value,
            digests.Select(digest => digest.Value).ToArray(),
            grace,
            withRoots);
        expired.RemoveAll(manifest =>
            change.Rules.CheckManifest(new ManifestChange(repository, manifest.Digest, manifest.Size, Content: null, change.Origin)) is not null);
        foreach (var manifest in expired)
        {
            Remove(session, change, manifest, repository, content);
        }

        return expired.ConvertAll(manifest => manifest.Digest);
    }

    /// <summary>Removes a manifest that a purge has released, unless something holds it, or it was pushed by itself. Its grace period does not count.</summary>
    /// <returns>Rows of the content that it referred to; null if the manifest stays.</returns>
    public static async Task<long[]?> PurgeAsync(PostgresSession session, ChangeContext change, RepositoryName repository, Digest digest)
    {
        var content = LockContentOf(session, repository, [digest]);
        var found = await session.AllAsync(
            $"""
            SELECT {ManifestRow.Columns} FROM content c
            JOIN manifests m ON m.content_id = c.id AND m.repository_id = (SELECT id FROM repositories WHERE name = $1 AND NOT pinned)
            WHERE c.digest = $2 AND m.idle_since IS NOT NULL AND NOT m.is_root
            AND NOT EXISTS (SELECT 1 FROM unsettled_subjects u WHERE u.repository_id = m.repository_id AND u.subject = m.subject)
            """,
            ManifestRow.Read,
            repository.Value,
            digest.Value);
        if (found.Count == 0)
        {
            return null;
        }

        Remove(session, change, found[0], repository, content);
        return [.. content.Select(reference => reference.Content)];
    }

    /// <summary>
    /// Adds a manifest with its references, and takes it out of the trash. The links and manifests it needs, and its referrers, are no longer idle.
    /// </summary>
    /// <param name="session">The transaction, which has locked the content.</param>
    /// <param name="added">The manifest.</param>
    /// <param name="isTagged">True if a tag is about to hold it.</param>
    /// <param name="pushedAt">Unix time, in seconds.</param>
    public static void Insert(PostgresSession session, NewManifest added, bool isTagged, long pushedAt)
    {
        var manifest = added.Manifest;
        if (added.Trashed is { } trashed)
        {
            TrashRows.Remove(session, trashed.Id);
        }

        session.Queue(
            """
            INSERT INTO manifests (id, repository_id, content_id, media_type, artifact_type, subject, annotations, pushed_at, idle_since)
            SELECT $1, $2, $3, $4, $5::text, $6::text, $7::bytea, $8, CASE
                WHEN $9 OR EXISTS (SELECT 1 FROM held_content WHERE content_id = $3 AND repository_id = $2) THEN NULL
                WHEN (SELECT upstream FROM repositories WHERE id = $2) IS NOT NULL THEN NULL
                WHEN EXISTS (SELECT 1 FROM content c JOIN kept_manifests s ON s.repository_id = $2 AND s.content_id = c.id WHERE c.digest = $6) THEN NULL
                ELSE (SELECT seconds FROM clock)
            END
            """,
            added.Id,
            added.Repository,
            added.Content,
            manifest.MediaType,
            manifest.ArtifactType,
            manifest.Subject?.Digest.Value,
            manifest.Annotations is null ? null : Encoding.UTF8.GetBytes(manifest.Annotations),
            pushedAt,
            isTagged);
        session.Queue("UPDATE repositories SET has_manifests = true, is_deleted = false WHERE id = $1 AND NOT has_manifests", added.Repository);
        if (added.References.Length > 0)
        {
            session.Queue(
                "INSERT INTO manifest_references (manifest_id, content_id, repository_id) SELECT $1, content_id, $2 FROM unnest($3) content_id",
                added.Id,
                added.Repository,
                added.References);
            session.Queue(
                "UPDATE blob_links SET idle_since = NULL WHERE repository_id = $1 AND content_id = ANY($2) AND idle_since IS NOT NULL",
                added.Repository,
                added.References);
            ManifestHolds.HoldChildren(session, added.Repository, added.References);
        }

        SubjectRows.SettleFirst(session, added.Repository, added.Digest, exists: true);

        // What only the entry referred to: an earlier version has read the manifest otherwise.
        long[] others = [.. added.Trashed?.Content.Except(added.References) ?? []];
        if (others.Length > 0)
        {
            session.Lock("SELECT id FROM content WHERE id = ANY($1) ORDER BY id FOR UPDATE", [others]);
            ReleaseContent(session, added.Repository, others, manifest.IsIndex);
            ContentRows.OrphanUnused(session, others);
        }
    }

    // Collects the statement that locks the content of manifests, and what they refer to. Returns pairs of manifest and content.
    private static List<(long Manifest, long Content)> LockContentOf(PostgresSession session, RepositoryName repository, IEnumerable<Digest> digests)
    {
        var names = digests.Select(digest => digest.Value).ToArray();
        session.Lock(
            """
            SELECT id FROM content WHERE id = ANY(ARRAY(
                SELECT id FROM content WHERE digest = ANY($2) UNION
                SELECT f.content_id FROM manifests m JOIN manifest_references f ON f.manifest_id = m.id
                WHERE m.repository_id = (SELECT id FROM repositories WHERE name = $1) AND m.content_id = ANY(ARRAY(SELECT id FROM content WHERE digest = ANY($2)))))
            ORDER BY id FOR UPDATE
            """,
            repository.Value,
            names);
        return session.Ask(
            """
            SELECT f.manifest_id, f.content_id FROM manifests m JOIN manifest_references f ON f.manifest_id = m.id
            WHERE m.repository_id = (SELECT id FROM repositories WHERE name = $1) AND m.content_id = ANY(ARRAY(SELECT id FROM content WHERE digest = ANY($2)))
            """,
            row => (row.GetInt64(0), row.GetInt64(1)),
            repository.Value,
            names);
    }

    /// <summary>Begins the idle time of what a removed manifest or entry of the trash referred to, unless something else needs or holds it.</summary>
    public static void ReleaseContent(PostgresSession session, long repositoryId, long[] content, bool wasIndex)
    {
        session.Queue(
            """
            UPDATE blob_links l SET idle_since = (SELECT seconds FROM clock) WHERE l.repository_id = $1 AND l.content_id = ANY($2)
            AND NOT EXISTS (SELECT 1 FROM held_content f WHERE f.content_id = l.content_id AND f.repository_id = $1)
            """,
            repositoryId,
            content);
        ManifestHolds.ReleaseChildren(session, repositoryId, content, wasIndex);
    }

    private static void Delete(
        PostgresSession session,
        ChangeContext change,
        RepositoryName repository,
        ManifestRow manifest,
        List<Tag> tags,
        List<(long Manifest, long Content)> references,
        bool toTrash)
    {
        if (toTrash)
        {
            TrashRows.Add(session, change, manifest);
        }

        TagRows.Remove(session, change, manifest.Repository, repository, tags, manifest.Digest);
        if (toTrash)
        {
            RemoveRow(session, change, manifest, repository);
        }
        else
        {
            Remove(session, change, manifest, repository, references);
        }
    }

    // Removes a manifest that has no tag any more.
    private static void Remove(
        PostgresSession session, ChangeContext change, ManifestRow manifest, RepositoryName repository, List<(long Manifest, long Content)> references)
    {
        long[] content = [.. references.Where(reference => reference.Manifest == manifest.Id).Select(reference => reference.Content)];
        RemoveRow(session, change, manifest, repository);
        if (content.Length > 0)
        {
            ReleaseContent(session, manifest.Repository, content, manifest.IsIndex);
        }

        SubjectRows.SettleFirst(session, manifest.Repository, manifest.Digest, exists: false);
        ContentRows.OrphanUnused(session, [.. content, manifest.Content]);
    }

    // Releases nothing.
    private static void RemoveRow(PostgresSession session, ChangeContext change, ManifestRow manifest, RepositoryName repository)
    {
        ChangeRows.ForgetInHistory(session, change, manifest.Repository, repository, manifest.Id, manifest.Digest);
        session.Queue("DELETE FROM manifest_references WHERE manifest_id = $1", manifest.Id);
        session.Queue("DELETE FROM manifests WHERE id = $1", manifest.Id);

        // With few repositories, EXISTS would look for a manifest of this one in the whole table. The order asks for the index.
        session.Queue(
            """
            UPDATE repositories SET has_manifests = false WHERE id = $1 AND has_manifests
            AND (SELECT content_id FROM manifests WHERE repository_id = $1 ORDER BY content_id LIMIT 1) IS NULL
            """,
            manifest.Repository);
        ChangeRows.Append(session, change, ChangeKind.ManifestRemoved, manifest.Repository, repository, manifest.Digest, size: manifest.Size);
    }
}
