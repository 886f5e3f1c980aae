using Npgsql;
using Registry.Core.Changes;
using Registry.Core.Collection.Records;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Trash;
using Registry.Storage.Postgres.Rows;
using Registry.Storage.Postgres.Schema;

namespace Registry.Storage.Postgres.Trash;

/// <summary>
/// Statements about the tables <c>trash</c>, <c>trash_references</c> and <c>trash_tags</c>, under the lock of the repository. An entry holds what its manifest held:
/// wherever that counts, the views <c>held_content</c> and <c>kept_manifests</c> have both. A manifest is in its repository or in the trash, never in both.
/// </summary>
internal static class TrashRows
{
    private const string Columns =
        "t.id, r.name, c.digest, t.media_type, c.size, t.held_size, t.deleted_at, t.at, t.source, t.actor, t.request, t.address, t.client, c.place";

    // Of what the entry needs, nothing is missing. For EXISTS, each page would read all references, links and manifests into memory.
    private const string IsComplete =
        """
        c.state = 1 AND (SELECT n.id FROM trash_references f JOIN content n ON n.id = f.content_id WHERE f.entry_id = t.id AND f.was_there AND (n.state <> 1 OR coalesce(
            (SELECT content_id FROM blob_links WHERE content_id = f.content_id AND repository_id = f.repository_id LIMIT 1),
            (SELECT content_id FROM manifests WHERE content_id = f.content_id AND repository_id = f.repository_id LIMIT 1)) IS NULL) LIMIT 1) IS NULL
        """;

    /// <summary>
    /// Collects the statements that copy a manifest into the trash, with its references and tags. What the deletion of the whole repository has moved there before
    /// was there. No older program can use the database from then on.
    /// </summary>
    public static void Add(PostgresSession session, ChangeContext change, ManifestRow manifest)
    {
        session.Queue("UPDATE meta SET value = $1 WHERE key = $2 AND value < $1", (long)SchemaStep.OfTrash, PostgresSchema.OldestKey);
        session.Queue(
            """
            INSERT INTO trash (repository_id, content_id, media_type, held_size, deleted_at, at, source, actor, request, address, client)
            SELECT m.repository_id, m.content_id, m.media_type, c.size + coalesce((
                SELECT sum(b.size) FROM manifest_references f JOIN content b ON b.id = f.content_id WHERE f.manifest_id = m.id), 0)::bigint,
                (SELECT seconds FROM clock), $2, $3, $4::text, $5::text, $6::text, $7::text
            FROM manifests m JOIN content c ON c.id = m.content_id WHERE m.id = $1
            """,
            manifest.Id,
            change.Time.ToUnixTimeMilliseconds(),
            (long)change.Origin.Source,
            change.Origin.Actor,
            change.Origin.Request,
            change.Origin.Address,
            change.Origin.Client);
        session.Queue(
            """
            INSERT INTO trash_references (entry_id, content_id, repository_id, was_there)
            SELECT t.id, f.content_id, f.repository_id, EXISTS (SELECT 1 FROM blob_links WHERE repository_id = f.repository_id AND content_id = f.content_id)
                OR EXISTS (SELECT 1 FROM manifests WHERE repository_id = f.repository_id AND content_id = f.content_id)
                OR EXISTS (SELECT 1 FROM trash WHERE repository_id = f.repository_id AND content_id = f.content_id AND request = $4::text)
            FROM trash t JOIN manifest_references f ON f.manifest_id = $3 WHERE t.repository_id = $1 AND t.content_id = $2
            """,
            manifest.Repository,
            manifest.Content,
            manifest.Id,
            change.IsOfWholeRepository ? change.Origin.Request : null);
        session.Queue(
            """
            INSERT INTO trash_tags (entry_id, name) SELECT t.id, g.name FROM trash t JOIN tags g ON g.manifest_id = $3
            WHERE t.repository_id = $1 AND t.content_id = $2
            """,
            manifest.Repository,
            manifest.Content,
            manifest.Id);
    }

    /// <summary>Collects the query of an entry, with the place of its bytes.</summary>
    public static List<(TrashRow Row, StoredBlob Blob)> Ask(PostgresSession session, RepositoryName repository, Digest digest) => session.Ask(
        """
        SELECT t.id, ARRAY(SELECT content_id FROM trash_references WHERE entry_id = t.id), c.size, c.place FROM content c
        JOIN trash t ON t.content_id = c.id AND t.repository_id = (SELECT id FROM repositories WHERE name = $1) WHERE c.digest = $2
        """,
        row => (new TrashRow(row.GetInt64(0), row.GetFieldValue<long[]>(1)), new StoredBlob(row.GetInt64(2), new BlobPlace(digest, ContentRows.ReadText(row, 3)))),
        repository.Value,
        digest.Value);

    /// <summary>Collects the query of what an entry referred to and the repository had at the deletion, and has no more.</summary>
    public static List<string> AskMissing(PostgresSession session, long entryId, int limit) => session.Ask(
        """
        SELECT n.digest FROM trash_references f JOIN content n ON n.id = f.content_id WHERE f.entry_id = $1 AND f.was_there AND (n.state <> 1 OR coalesce(
            (SELECT content_id FROM blob_links WHERE content_id = f.content_id AND repository_id = f.repository_id LIMIT 1),
            (SELECT content_id FROM manifests WHERE content_id = f.content_id AND repository_id = f.repository_id LIMIT 1)) IS NULL)
        ORDER BY n.digest LIMIT $2
        """,
        row => row.GetString(0),
        entryId,
        limit);

    /// <summary>Collects the statements that remove an entry. What it held is not released.</summary>
    public static void Remove(PostgresSession session, long id)
    {
        session.Queue("DELETE FROM trash_tags WHERE entry_id = $1", id);
        session.Queue("DELETE FROM trash_references WHERE entry_id = $1", id);
        session.Queue("DELETE FROM trash WHERE id = $1", id);
    }

    /// <summary>Lists the entries that are older than a period in seconds, 0 for all, the oldest first.</summary>
    public static Task<List<TrashRecord>> ListOldAsync(PostgresSession session, long period, int limit) => session.AllAsync(
        """
        SELECT r.name, c.digest FROM trash t JOIN repositories r ON r.id = t.repository_id JOIN content c ON c.id = t.content_id
        WHERE t.deleted_at < (SELECT seconds FROM clock) - CASE WHEN $1 = 0 THEN -1 ELSE $1 END ORDER BY t.deleted_at LIMIT $2
        """,
        row => new TrashRecord(RepositoryName.Parse(row.GetString(0)), Digest.Parse(row.GetString(1))),
        period,
        limit);

    /// <summary>Removes those of some entries that are older than a period in seconds, 0 for all. The grace period of what only they held begins.</summary>
    /// <returns>The removed entries.</returns>
    public static async Task<Result<List<Digest>>> ExpireAsync(PostgresSession session, RepositoryName repository, IReadOnlyCollection<Digest> digests, long period) =>
        (await ReleaseAsync(session, repository, digests, period)).ConvertAll(entry => entry.Digest);

    /// <summary>Removes those of some entries that are older than a period in seconds, 0 for all. The grace period of what only they held begins.</summary>
    /// <returns>The removed entries, each with the rows of its repository and of the content that it referred to.</returns>
    public static async Task<List<(Digest Digest, long Repository, long[] Content)>> ReleaseAsync(
        PostgresSession session, RepositoryName repository, IReadOnlyCollection<Digest> digests, long period)
    {
        string[] names = [.. digests.Select(digest => digest.Value)];
        session.Lock(
            """
            SELECT id FROM content WHERE id = ANY(ARRAY(
                SELECT id FROM content WHERE digest = ANY($2)
                UNION SELECT f.content_id FROM trash t JOIN trash_references f ON f.entry_id = t.id
                WHERE t.repository_id = (SELECT id FROM repositories WHERE name = $1) AND t.content_id = ANY(ARRAY(SELECT id FROM content WHERE digest = ANY($2)))))
            ORDER BY id FOR UPDATE
            """,
            repository.Value,
            names);
        var entries = await session.AllAsync(
            """
            SELECT t.id, ARRAY(SELECT content_id FROM trash_references WHERE entry_id = t.id), t.repository_id, t.content_id, t.media_type, c.digest
            FROM trash t JOIN content c ON c.id = t.content_id
            WHERE t.repository_id = (SELECT id FROM repositories WHERE name = $1) AND t.content_id = ANY(ARRAY(SELECT id FROM content WHERE digest = ANY($2)))
            AND t.deleted_at < (SELECT seconds FROM clock) - CASE WHEN $3 = 0 THEN -1 ELSE $3 END
            """,
            row => (
                Row: new TrashRow(row.GetInt64(0), row.GetFieldValue<long[]>(1)),
                Repository: row.GetInt64(2),
                Content: row.GetInt64(3),
                IsIndex: MediaTypes.IsIndex(row.GetString(4)),
                Digest: Digest.Parse(row.GetString(5))),
            repository.Value,
            names,
            period);
        foreach (var entry in entries)
        {
            Remove(session, entry.Row.Id);
            if (entry.Row.Content.Length > 0)
            {
                ManifestRows.ReleaseContent(session, entry.Repository, entry.Row.Content, entry.IsIndex);
            }

            SubjectRows.SettleFirst(session, entry.Repository, entry.Digest, exists: false);
            ContentRows.OrphanUnused(session, [.. entry.Row.Content, entry.Content]);
        }

        return entries.ConvertAll(entry => (entry.Digest, entry.Repository, entry.Row.Content));
    }

    /// <summary>Reads an entry; null if there is none.</summary>
    public static async Task<TrashEntry?> FindAsync(PostgresSession session, RepositoryName repository, Digest digest) =>
        (await AddTagsAsync(
            session,
            await session.AllAsync(
                $"""
                SELECT {Columns}, {IsComplete} FROM content c JOIN trash t ON t.content_id = c.id AND t.repository_id = (SELECT id FROM repositories WHERE name = $1)
                JOIN repositories r ON r.id = t.repository_id WHERE c.digest = $2
                """,
                ReadEntry,
                repository.Value,
                digest.Value),
            int.MaxValue)).SingleOrDefault();

    /// <summary>Reads the entries of a repository before an id, the newest first.</summary>
    public static async Task<List<TrashEntry>> ListAsync(PostgresSession session, RepositoryName repository, long before, long limit) => await AddTagsAsync(
        session,
        await session.AllAsync(
            $"""
            SELECT {Columns}, {IsComplete} FROM trash t JOIN repositories r ON r.id = t.repository_id JOIN content c ON c.id = t.content_id
            WHERE t.repository_id = (SELECT id FROM repositories WHERE name = $1) AND t.id < $2 ORDER BY t.id DESC LIMIT $3
            """,
            ReadEntry,
            repository.Value,
            before,
            limit),
        TrashEntry.MaxListedTags);

    /// <summary>Reads the oldest entries of all repositories, in their order.</summary>
    public static async Task<List<TrashEntry>> ListOldestAsync(PostgresSession session, long limit) => await AddTagsAsync(
        session,
        await session.AllAsync(
            $"""
            SELECT {Columns}, {IsComplete} FROM trash t JOIN repositories r ON r.id = t.repository_id JOIN content c ON c.id = t.content_id
            ORDER BY t.id LIMIT $1
            """,
            ReadEntry,
            limit),
        TrashEntry.MaxListedTags);

    /// <summary>Reads the entries of all repositories before an id, the newest first.</summary>
    public static async Task<List<TrashEntry>> ListAllAsync(PostgresSession session, long before, long limit) => await AddTagsAsync(
        session,
        await session.AllAsync(
            $"""
            SELECT {Columns}, {IsComplete} FROM trash t JOIN repositories r ON r.id = t.repository_id JOIN content c ON c.id = t.content_id
            WHERE t.id < $1 ORDER BY t.id DESC LIMIT $2
            """,
            ReadEntry,
            before,
            limit),
        TrashEntry.MaxListedTags);

    private static async Task<List<TrashEntry>> AddTagsAsync(PostgresSession session, List<TrashEntry> entries, int maxTags)
    {
        var tags = entries.ConvertAll(entry => session.Ask(
            "SELECT name FROM trash_tags WHERE entry_id = $1 ORDER BY name LIMIT $2", row => Tag.Parse(row.GetString(0)), entry.Id, maxTags + 1L));
        await session.SendAsync();
        return [.. entries.Zip(tags, (entry, names) => entry with
        {
            Tags = names.Count > maxTags ? names[..maxTags] : names,
            HasMoreTags = names.Count > maxTags,
        })];
    }

    private static TrashEntry ReadEntry(NpgsqlDataReader row) => new()
    {
        Id = row.GetInt64(0),
        Repository = RepositoryName.Parse(row.GetString(1)),
        Digest = Digest.Parse(row.GetString(2)),
        MediaType = row.GetString(3),
        Size = row.GetInt64(4),
        HeldSize = row.GetInt64(5),
        DeletedAt = row.GetInt64(6),
        Time = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(7)),
        Origin = new ChangeOrigin
        {
            Source = (ChangeSource)row.GetInt64(8),
            Actor = ContentRows.ReadText(row, 9),
            Request = ContentRows.ReadText(row, 10),
            Address = ContentRows.ReadText(row, 11),
            Client = ContentRows.ReadText(row, 12),
        },
        Key = ContentRows.ReadText(row, 13),
        Tags = [],
        IsComplete = row.GetBoolean(14),
    };
}
