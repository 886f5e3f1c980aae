using Registry.Core.Oci;

namespace Registry.Core.Storage.Sqlite;

/// <summary>The collector's queries.</summary>
public sealed class SqliteCollectorMetadata(SqliteDatabase database) : ICollectorMetadata
{
    public long? PromisesLostAt => database.PromisesLostAt;

    public Task RenewAsync(IReadOnlyCollection<Digest> digests) => database.WriteAsync(session =>
    {
        var now = database.Clock.Now;
        foreach (var digest in digests)
        {
            // The running clock is never negative. Written so, the index leaves out the links that are not idle: all but a few of a base layer's.
            session.Execute(
                "UPDATE blob_links SET idle_since = @2 WHERE content_id = (SELECT id FROM content WHERE digest = @1) AND idle_since >= 0",
                digest.Value,
                now);
        }

        database.SaveClock(session);
    });

    public async Task<IReadOnlyList<BlobLink>> ExpireLinksAsync(long idleBefore, Predicate<Digest> isPromised, int limit)
    {
        var expired = await database.WriteAsync<List<BlobLink>>(session =>
        {
            var removed = new List<BlobLink>();
            while (removed.Count < limit && ListIdle(session, idleBefore, limit - removed.Count) is { Count: > 0 } candidates)
            {
                foreach (var (repositoryId, contentId, record) in candidates)
                {
                    var link = new BlobLink(record.Repository, record.Digest);
                    if (isPromised(link.Digest))
                    {
                        // Out of the way of the next candidates; RenewAsync would do the same a little later.
                        ContentRows.TouchLink(session, repositoryId, contentId, database.Clock.Now);
                        continue;
                    }

                    ContentRows.Unlink(session, repositoryId, contentId, link.Repository, link.Digest);
                    removed.Add(link);
                }
            }

            return removed;
        });
        return expired.Value;
    }

    public async Task<IReadOnlyList<LinkRecord>> ListIdleAsync(long idleBefore, int limit) => await database.ReadAsync(
        session => ListIdle(session, idleBefore, limit).ConvertAll(row => row.Link));

    public Task<(long Links, long Blobs)> CountRemovableAsync(long idleBefore) => database.ReadAsync(session => (
        session.Number(
            """
            SELECT COUNT(l.content_id) FROM blob_links l JOIN repositories r ON r.id = l.repository_id
            WHERE l.idle_since < @1 AND r.pinned = 0
            """,
            idleBefore)!.Value,
        session.Number("SELECT COUNT(*) FROM content WHERE state >= 2")!.Value));

    public Task<(long Links, long Blobs)> CountAllAsync() => database.ReadAsync(session => (
        session.Number("SELECT COUNT(*) FROM blob_links")!.Value,
        session.Number("SELECT COUNT(*) FROM content WHERE state >= 1")!.Value));

    public Task<BlobExplanation> ExplainAsync(Digest digest, int limit) => database.ReadAsync(session =>
    {
        var content = session.First(
            "SELECT id, size, state FROM content WHERE digest = @1",
            row => (Id: row.GetInt64(0), Size: row.GetInt64(1), State: row.GetInt32(2)),
            digest.Value);
        return content == default
            ? new BlobExplanation { State = BlobState.Unknown }
            : new BlobExplanation
            {
                State = ContentRows.StateOf(content.State),
                Size = content.Size,
                Links = session.All(
                    """
                    SELECT r.name, l.idle_since, r.pinned FROM blob_links l JOIN repositories r ON r.id = l.repository_id
                    WHERE l.content_id = @1 LIMIT @2
                    """,
                    row => new LinkRecord(
                        RepositoryName.Parse(row.GetString(0)), digest, row.IsDBNull(1) ? null : row.GetInt64(1), row.GetInt64(2) != 0),
                    content.Id,
                    limit),
                ManifestOf = session.All(
                    "SELECT r.name FROM manifests m JOIN repositories r ON r.id = m.repository_id WHERE m.content_id = @1 LIMIT @2",
                    row => RepositoryName.Parse(row.GetString(0)),
                    content.Id,
                    limit),
                NeededBy = session.All(
                    """
                    SELECT r.name, c.digest FROM manifest_references f JOIN repositories r ON r.id = f.repository_id
                    JOIN manifests m ON m.id = f.manifest_id JOIN content c ON c.id = m.content_id
                    WHERE f.content_id = @1 LIMIT @2
                    """,
                    row => KeyValuePair.Create(RepositoryName.Parse(row.GetString(0)), Digest.Parse(row.GetString(1))),
                    content.Id,
                    limit),
            };
    });

    public async Task<IReadOnlyList<Digest>> ListOrphansAsync(int limit) => await database.ReadAsync(session => session.All(
        "SELECT digest FROM content WHERE state >= 2 ORDER BY state, id LIMIT @1", row => Digest.Parse(row.GetString(0)), limit));

    public async Task<IReadOnlyList<Digest>> FindUnknownAsync(IReadOnlyList<Digest> digests) => await database.ReadAsync(
        session => digests.Where(digest => session.Number("SELECT id FROM content WHERE digest = @1", digest.Value) is null).ToList());

    public async Task<bool> CondemnAsync(Digest digest)
    {
        var condemned = await database.WriteAsync<bool>(session => session.Execute(
            """
            UPDATE content SET state = 3 WHERE digest = @1 AND state >= 2
            AND NOT EXISTS (SELECT 1 FROM blob_links WHERE content_id = content.id)
            AND NOT EXISTS (SELECT 1 FROM manifests WHERE content_id = content.id)
            """,
            digest.Value) > 0);
        return condemned.Value;
    }

    public Task ForgetAsync(Digest digest) => database.WriteAsync(session =>
    {
        // A sparse manifest may still mention it.
        session.Execute(
            """
            UPDATE content SET state = 0, size = 0 WHERE digest = @1 AND state = 3
            AND EXISTS (SELECT 1 FROM manifest_references WHERE content_id = content.id)
            """,
            digest.Value);
        session.Execute("DELETE FROM content WHERE digest = @1 AND state = 3", digest.Value);
    });

    private static List<(long Repository, long Content, LinkRecord Link)> ListIdle(SqliteSession session, long idleBefore, int limit) => session.All(
        """
        SELECT l.repository_id, l.content_id, r.name, c.digest, l.idle_since FROM blob_links l
        JOIN repositories r ON r.id = l.repository_id JOIN content c ON c.id = l.content_id
        WHERE l.idle_since < @1 AND r.pinned = 0 ORDER BY l.idle_since LIMIT @2
        """,
        row => (
            row.GetInt64(0),
            row.GetInt64(1),
            new LinkRecord(RepositoryName.Parse(row.GetString(2)), Digest.Parse(row.GetString(3)), row.GetInt64(4), IsPinned: false)),
        idleBefore,
        limit);
}
