using Registry.Core.Indexing;
using Registry.Core.Oci;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>Fills the tables from the tree. Records no changes, since the tree has all of it.</summary>
public sealed class SqliteIndexTarget(SqliteDatabase database, TimeProvider time) : IIndexTarget
{
    private const int RowsAtOnce = 1000;

    public bool IsComplete => database.IsTreeIndexed;

    public Task CompleteAsync() => database.SetTreeIndexedAsync();

    public async Task AddRepositoryAsync(TreeRepository repository)
    {
        var now = database.Clock.Now;
        var unixTime = time.GetUtcNow().ToUnixTimeSeconds();
        var repositoryId = 0L;
        await WriteAsync(repository, [repository], _ => 1, (session, _) =>
        {
            repositoryId = ContentRows.GetOrAddRepository(session, repository.Name);
            if (repository.IsPinned)
            {
                session.Execute("UPDATE repositories SET pinned = 1 WHERE id = @1", repositoryId);
            }
        });
        await WriteAsync(repository, repository.Layers, _ => 1, (session, layer) =>
            ContentRows.Link(session, repositoryId, ContentRows.PutStored(session, layer.Key, layer.Value, layer.Key), now));

        var manifestIds = new Dictionary<Digest, long>();
        await WriteAsync(repository, repository.Manifests, manifest => 1 + manifest.Manifest.References.Count(), (session, found) =>
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
        });
        await WriteAsync(repository, repository.TagHistory.Where(set => manifestIds.ContainsKey(set.Value)), _ => 1, (session, set) =>
            TagRows.AddHistory(session, repositoryId, set.Key, manifestIds[set.Value], unixTime));
        await WriteAsync(repository, repository.Tags.Where(set => manifestIds.ContainsKey(set.Value)), _ => 1, (session, set) =>
            TagRows.SetIndexed(session, repositoryId, set.Key, manifestIds[set.Value], now, unixTime));
    }

    // Writes a part at a time. Within a transaction, SQLite goes through the journal of all its statements after each of them, so the time of one with very many rows grows
    // with the square of their number; and other changes wait for it.
    private async Task WriteAsync<T>(TreeRepository repository, IEnumerable<T> items, Func<T, int> weigh, Action<SqliteSession, T> write)
    {
        foreach (var part in items.Chunk(RowsAtOnce))
        {
            await database.WriteAsync(
                session =>
                {
                    // Read before the index was complete, and recorded after it: clients may have deleted some of it meanwhile.
                    if (!SqliteDatabase.IsTreeIndexedIn(session))
                    {
                        foreach (var item in part)
                        {
                            write(session, item);
                        }
                    }
                },
                new WriteTurn(repository.Name, part.Sum(weigh)));
        }
    }
}
