using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Storage.Sqlite;

/// <summary>The mutations of manifests and tags, each inside the caller's savepoint.</summary>
internal static class ManifestRows
{
    private const int MaxNamed = 100;

    /// <summary>Records a manifest; see <see cref="IMetadataStore.PutManifestAsync"/>.</summary>
    public static Result<IReadOnlyList<MovedTag>> Put(SqliteSession session, ManifestPut put, long now, long unixTime)
    {
        var repositoryId = ContentRows.GetOrAddRepository(session, put.Repository);
        var current = CurrentDigest(session, repositoryId, put.Reference);
        if (!put.Precondition.Holds(current))
        {
            return RegistryErrorCode.PreconditionFailed;
        }

        var missing = FindMissing(session, repositoryId, put);
        if (missing.Count > 0)
        {
            return new RegistryError(RegistryErrorCode.ManifestBlobUnknown, missing);
        }

        var contentId = ContentRows.PutStored(session, put.Digest, put.Size);
        var manifestId = Find(session, repositoryId, contentId);
        if (manifestId is null)
        {
            manifestId = Insert(session, repositoryId, contentId, put.Manifest);
            SqliteTreeJournal.Append(session, TreeChangeKind.AddRevision, put.Repository, null, put.Digest);
        }

        var moved = new List<MovedTag>();
        foreach (var tag in put.Tags)
        {
            if ((tag == put.Reference.Tag ? current : CurrentDigest(session, repositoryId, tag)) is { } before && before != put.Digest)
            {
                moved.Add(new MovedTag(tag, before));
            }

            SetTag(session, repositoryId, tag.Value, manifestId.Value, unixTime);
            SqliteTreeJournal.Append(session, TreeChangeKind.SetTag, put.Repository, tag.Value, put.Digest);
        }

        return moved;
    }

    /// <summary>Removes a manifest and its tags. The blobs it needed begin their grace period.</summary>
    public static Result<ManifestDeletion> Delete(
        SqliteSession session, RepositoryName repository, Digest digest, Precondition precondition, long now)
    {
        var found = session.First(
            """
            SELECT m.id, m.content_id, m.repository_id, c.size FROM repositories r JOIN content c ON c.digest = @2
            JOIN manifests m ON m.repository_id = r.id AND m.content_id = c.id WHERE r.name = @1
            """,
            row => (Id: row.GetInt64(0), Content: row.GetInt64(1), Repository: row.GetInt64(2), Size: row.GetInt64(3)),
            repository.Value,
            digest.Value);
        if (found == default)
        {
            return RegistryErrorCode.ManifestUnknown;
        }

        if (!precondition.Holds(digest))
        {
            return RegistryErrorCode.PreconditionFailed;
        }

        var tags = RemoveTagsOf(session, found.Id, found.Repository, repository, digest);
        RemoveReferencesOf(session, found.Id, found.Repository, now);
        session.Execute("DELETE FROM manifests WHERE id = @1", found.Id);
        session.Execute("UPDATE repositories SET manifest_count = manifest_count - 1 WHERE id = @1", found.Repository);
        ContentRows.OrphanIfUnused(session, found.Content);
        SqliteTreeJournal.Append(session, TreeChangeKind.RemoveRevision, repository, null, digest);
        return new ManifestDeletion(digest, found.Size, tags);
    }

    /// <summary>Removes a tag and its history.</summary>
    public static Result<ManifestDeletion> DeleteTag(SqliteSession session, RepositoryName repository, Tag tag, Precondition precondition)
    {
        if (ContentRows.FindRepository(session, repository) is not { } repositoryId
            || CurrentDigest(session, repositoryId, tag) is not { } current)
        {
            return RegistryErrorCode.ManifestUnknown;
        }

        if (!precondition.Holds(current))
        {
            return RegistryErrorCode.PreconditionFailed;
        }

        RemoveTag(session, repositoryId, repository, tag.Value);
        return new ManifestDeletion(current, null, [tag]);
    }

    /// <summary>Adds a manifest with its references; the links it needs are no longer idle.</summary>
    public static long Insert(SqliteSession session, long repositoryId, long contentId, Manifest manifest)
    {
        var id = session.Number(
            """
            INSERT INTO manifests (repository_id, content_id, media_type, artifact_type, subject, annotations)
            VALUES (@1, @2, @3, @4, @5, @6) RETURNING id
            """,
            repositoryId,
            contentId,
            manifest.MediaType,
            manifest.ArtifactType,
            manifest.Subject?.Digest.Value,
            manifest.Annotations)!.Value;
        session.Execute("UPDATE repositories SET manifest_count = manifest_count + 1 WHERE id = @1", repositoryId);
        foreach (var digest in manifest.References.Select(descriptor => descriptor.Digest).Distinct())
        {
            var referenced = ContentRows.GetOrAddMentioned(session, digest);
            session.Execute(
                "INSERT INTO manifest_references (manifest_id, content_id, repository_id) VALUES (@1, @2, @3)", id, referenced, repositoryId);
            session.Execute("UPDATE blob_links SET idle_since = NULL WHERE repository_id = @1 AND content_id = @2", repositoryId, referenced);
        }

        return id;
    }

    public static long? Find(SqliteSession session, long repositoryId, long contentId) =>
        session.Number("SELECT id FROM manifests WHERE repository_id = @1 AND content_id = @2", repositoryId, contentId);

    public static void SetTag(SqliteSession session, long repositoryId, string tag, long manifestId, long unixTime)
    {
        session.Execute(
            """
            INSERT INTO tags (repository_id, name, manifest_id) VALUES (@1, @2, @3)
            ON CONFLICT (repository_id, name) DO UPDATE SET manifest_id = excluded.manifest_id
            """,
            repositoryId,
            tag,
            manifestId);
        AddTagHistory(session, repositoryId, tag, manifestId, unixTime);
    }

    public static void AddTagHistory(SqliteSession session, long repositoryId, string tag, long manifestId, long unixTime) => session.Execute(
        """
        INSERT INTO tag_history (repository_id, tag, manifest_id, set_at) VALUES (@1, @2, @3, @4)
        ON CONFLICT (repository_id, tag, manifest_id) DO UPDATE SET set_at = excluded.set_at
        """,
        repositoryId,
        tag,
        manifestId,
        unixTime);

    private static Digest? CurrentDigest(SqliteSession session, long repositoryId, Reference reference) => session.First<Digest?>(
        reference.Tag is not null
            ? """
              SELECT c.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id JOIN content c ON c.id = m.content_id
              WHERE t.repository_id = @1 AND t.name = @2
              """
            : "SELECT c.digest FROM content c JOIN manifests m ON m.repository_id = @1 AND m.content_id = c.id WHERE c.digest = @2",
        row => Digest.Parse(row.GetString(0)),
        repositoryId,
        reference.ToString());

    private static List<string> FindMissing(SqliteSession session, long repositoryId, ManifestPut put)
    {
        var missing = new List<string>();
        if (put.References == ManifestReferences.Sparse)
        {
            return missing;
        }

        foreach (var digest in put.Manifest.Blobs.Select(blob => blob.Digest).Distinct())
        {
            if (missing.Count < MaxNamed && !HasBlob(session, repositoryId, digest))
            {
                missing.Add(digest.Value);
            }
        }

        if (put.References == ManifestReferences.SparseIndex)
        {
            return missing;
        }

        foreach (var digest in put.Manifest.Manifests.Select(child => child.Digest).Distinct())
        {
            // An index may list blobs, too (OCI image-spec, image-index.md, "manifests").
            if (missing.Count < MaxNamed && !HasManifest(session, repositoryId, digest) && !HasBlob(session, repositoryId, digest))
            {
                missing.Add(digest.Value);
            }
        }

        return missing;
    }

    // As with blobs: one whose bytes are lost is not there until it is pushed again.
    private static bool HasManifest(SqliteSession session, long repositoryId, Digest digest) => session.Number(
        "SELECT 1 FROM content c JOIN manifests m ON m.repository_id = @1 AND m.content_id = c.id WHERE c.digest = @2 AND c.state = 1",
        repositoryId,
        digest.Value) is not null;

    private static bool HasBlob(SqliteSession session, long repositoryId, Digest digest) => session.Number(
        "SELECT 1 FROM content c JOIN blob_links l ON l.repository_id = @1 AND l.content_id = c.id WHERE c.digest = @2 AND c.state = 1",
        repositoryId,
        digest.Value) is not null;

    private static List<Tag> RemoveTagsOf(SqliteSession session, long manifestId, long repositoryId, RepositoryName repository, Digest digest)
    {
        var tags = session.All("SELECT name FROM tags WHERE manifest_id = @1", row => Tag.Parse(row.GetString(0)), manifestId);
        foreach (var tag in tags)
        {
            RemoveTag(session, repositoryId, repository, tag.Value);
        }

        foreach (var tag in session.All("SELECT tag FROM tag_history WHERE manifest_id = @1", row => row.GetString(0), manifestId))
        {
            SqliteTreeJournal.Append(session, TreeChangeKind.ForgetTagRevision, repository, tag, digest);
        }

        session.Execute("DELETE FROM tag_history WHERE manifest_id = @1", manifestId);
        return tags;
    }

    private static void RemoveTag(SqliteSession session, long repositoryId, RepositoryName repository, string tag)
    {
        session.Execute("DELETE FROM tags WHERE repository_id = @1 AND name = @2", repositoryId, tag);
        session.Execute("DELETE FROM tag_history WHERE repository_id = @1 AND tag = @2", repositoryId, tag);
        SqliteTreeJournal.Append(session, TreeChangeKind.RemoveTag, repository, tag, null);
    }

    private static void RemoveReferencesOf(SqliteSession session, long manifestId, long repositoryId, long now)
    {
        var referenced = session.All("SELECT content_id FROM manifest_references WHERE manifest_id = @1", row => row.GetInt64(0), manifestId);
        session.Execute("DELETE FROM manifest_references WHERE manifest_id = @1", manifestId);
        foreach (var contentId in referenced)
        {
            session.Execute(
                """
                UPDATE blob_links SET idle_since = @3 WHERE repository_id = @1 AND content_id = @2
                AND NOT EXISTS (SELECT 1 FROM manifest_references WHERE content_id = @2 AND repository_id = @1)
                """,
                repositoryId,
                contentId,
                now);
            ContentRows.OrphanIfUnused(session, contentId);
        }
    }
}
