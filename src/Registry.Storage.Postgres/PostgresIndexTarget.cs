using Registry.Core.Indexing;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres;

/// <summary>Fills the tables with repositories of another storage. Records no changes.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
public sealed class PostgresIndexTarget(PostgresDatabase database, TimeProvider time) : IIndexTarget
{
    public bool IsComplete => database.IsTreeIndexed;

    public Task CompleteAsync() => database.SetTreeIndexedAsync();

    public Task AddRepositoryAsync(TreeRepository repository)
    {
        ArgumentNullException.ThrowIfNull(repository);
        var sizes = repository.Layers.ToDictionary();
        foreach (var manifest in repository.Manifests)
        {
            sizes[manifest.Digest] = manifest.Size;
        }

        return database.WriteAloneAsync<bool>(repository.Name, async session =>
        {
            var repositoryId = ContentRows.AddRepository(session, repository.Name);
            string[] digests = PushedReferences.Distinct(
                sizes.Keys.Concat(repository.Manifests.SelectMany(manifest => manifest.Manifest.References.Select(reference => reference.Digest))));
            var rows = ContentRows.LockAndAdd(session, digests);
            var known = session.Ask(
                "SELECT c.digest, m.id FROM repositories r JOIN manifests m ON m.repository_id = r.id JOIN content c ON c.id = m.content_id WHERE r.name = $1",
                row => KeyValuePair.Create(row.GetString(0), row.GetInt64(1)),
                repository.Name.Value);
            var tagged = TagRows.Ask(session, repository.Name, repository.Tags.Select(tag => tag.Key));
            var ids = session.Ask(
                "SELECT nextval('manifest_ids') FROM generate_series(1, $1)", row => row.GetInt64(0), repository.Manifests.Count);
            if (await MetaRows.ReadAsync(session, MetaRows.Indexed) == 1)
            {
                // Read before the storage was complete, and recorded after it: clients may have deleted some of it meanwhile.
                session.Abandon();
                return true;
            }

            var content = ContentRows.Require(rows, digests);
            foreach (var (digest, size) in sizes)
            {
                ContentRows.SetStored(session, digest, size, digest, bytes: null);
            }

            if (repository.IsPinned)
            {
                session.Queue("UPDATE repositories SET pinned = true WHERE id = $1", repositoryId[0]);
            }

            foreach (var (digest, _) in repository.Layers)
            {
                ContentRows.Link(session, repository.Name, digest);
            }

            AddManifests(session, repository, repositoryId[0], content, known.ToDictionary(), ids, tagged);
            return true;
        });
    }

    private void AddManifests(
        PostgresSession session,
        TreeRepository repository,
        long repositoryId,
        Dictionary<string, long> content,
        Dictionary<string, long> known,
        List<long> ids,
        List<(string Tag, TaggedManifest Manifest)> tagged)
    {
        var unixTime = time.GetUtcNow().ToUnixTimeSeconds();
        foreach (var (found, id) in repository.Manifests.Zip(ids))
        {
            if (known.TryAdd(found.Digest.Value, id))
            {
                var references = new PushedReferences(found.Manifest, required: null);
                ManifestRows.Insert(
                    session,
                    new NewManifest(id, repositoryId, content[found.Digest.Value], found.Digest, found.Manifest)
                    {
                        References = [.. references.All.Select(digest => content[digest])],
                    },
                    isTagged: false,
                    unixTime);
            }
        }

        foreach (var (tag, digest) in repository.TagHistory.Concat(repository.Tags))
        {
            if (known.TryGetValue(digest.Value, out var manifestId))
            {
                TagRows.AddHistory(session, repositoryId, [tag.Value], [manifestId], unixTime);
            }
        }

        foreach (var (tag, digest) in repository.Tags)
        {
            if (known.TryGetValue(digest.Value, out var manifestId))
            {
                var before = tagged.Where(one => one.Tag == tag.Value).Select(one => (TaggedManifest?)one.Manifest);
                TagRows.Point(session, repositoryId, [tag.Value], before, manifestId, 1000 * unixTime);
            }
        }
    }
}
