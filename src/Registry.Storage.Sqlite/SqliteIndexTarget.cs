using Registry.Core.Indexing;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>Fills the tables from the tree. Records no changes, since the tree has all of it.</summary>
public sealed class SqliteIndexTarget(SqliteDatabase database, TimeProvider time) : IIndexTarget
{
    public bool IsComplete => database.IsTreeIndexed;

    public Task CompleteAsync() => database.SetTreeIndexedAsync();

    public Task AddRepositoryAsync(TreeRepository repository) => database.WriteAsync(session =>
    {
        if (SqliteDatabase.IsTreeIndexedIn(session))
        {
            // Read before the index was complete, and recorded after it: clients may have deleted some of it meanwhile.
            return;
        }

        var now = database.Clock.Now;
        var unixTime = time.GetUtcNow().ToUnixTimeSeconds();
        var repositoryId = ContentRows.GetOrAddRepository(session, repository.Name);
        if (repository.IsPinned)
        {
            session.Execute("UPDATE repositories SET pinned = 1 WHERE id = @1", repositoryId);
        }

        foreach (var (digest, size) in repository.Layers)
        {
            ContentRows.Link(session, repositoryId, ContentRows.PutStored(session, digest, size, digest), now);
        }

        var manifestIds = new Dictionary<Core.Oci.Digest, long>();
        foreach (var found in repository.Manifests)
        {
            var contentId = ContentRows.PutStored(session, found.Digest, found.Size, found.Digest);
            manifestIds[found.Digest] = ManifestRows.Find(session, repositoryId, contentId)
                ?? ManifestRows.Insert(
                    session,
                    repositoryId,
                    contentId,
                    found.Digest,
                    found.Manifest,
                    new PushedReferences(found.Manifest, required: null),
                    isTagged: false,
                    now,
                    unixTime);
        }

        foreach (var (tag, digest) in repository.TagHistory)
        {
            if (manifestIds.TryGetValue(digest, out var manifestId))
            {
                TagRows.AddHistory(session, repositoryId, tag, manifestId, unixTime);
            }
        }

        foreach (var (tag, digest) in repository.Tags)
        {
            if (manifestIds.TryGetValue(digest, out var manifestId))
            {
                TagRows.SetIndexed(session, repositoryId, tag, manifestId, now, unixTime);
            }
        }
    }, new WriteTurn(
        repository.Name,
        repository.Layers.Count + repository.Tags.Count + repository.TagHistory.Count
            + repository.Manifests.Sum(manifest => 1 + manifest.Manifest.References.Count())));
}
