using Npgsql;
using Registry.Core.Collection.Records;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Storage.Postgres.Rows;

/// <summary>
/// Statements about repositories, content and links that several stores share. Content is what repositories have in common, so its rows are locked: FOR KEY
/// SHARE by whatever adds a link, a manifest or a reference, and FOR UPDATE by whatever removes one and may leave the content without any. Rows are locked in the
/// order of their ids, in a statement of its own, after the lock of the repository.
/// </summary>
/// <remarks>
/// PostgreSQL plans for the average repository and the average content. Where one of them can have a thousand times as many rows, a statement leaves no choice: the
/// repository is a subquery instead of a join, so a link is found by both parts of its key.
/// </remarks>
internal static class ContentRows
{
    /// <summary>Meaning of the number in the column <c>state</c>.</summary>
    public static BlobState StateOf(long state) => state switch
    {
        0 => BlobState.Mentioned,
        1 => BlobState.Stored,
        2 => BlobState.Orphaned,
        3 => BlobState.Condemned,
        _ => throw new StorageException($"The metadata holds content in the unknown state {state}."),
    };

    /// <summary>Collects the query of the row of a repository.</summary>
    public static List<long> AskRepository(PostgresSession session, RepositoryName name) =>
        session.Ask("SELECT id FROM repositories WHERE name = $1", row => row.GetInt64(0), name.Value);

    /// <summary>Collects the statements that add a repository, if it is not there, and read its row.</summary>
    public static List<long> AddRepository(PostgresSession session, RepositoryName name)
    {
        // Without the condition, each conflict would use up a number of the identity.
        session.Queue(
            "INSERT INTO repositories (name) SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM repositories WHERE name = $1) ON CONFLICT (name) DO NOTHING", name.Value);
        return AskRepository(session, name);
    }

    /// <summary>
    /// Collects the statements that add the rows of digests that have none, and lock all of them against removal. There may be fewer rows than digests, if one
    /// was removed in between (<see cref="Require"/>).
    /// </summary>
    /// <param name="session">The transaction.</param>
    /// <param name="digests">The digests, in order.</param>
    public static List<KeyValuePair<string, long>> LockAndAdd(PostgresSession session, string[] digests)
    {
        session.Queue(
            """
            INSERT INTO content (digest) SELECT d FROM unnest($1) d WHERE NOT EXISTS (SELECT 1 FROM content WHERE digest = d) ORDER BY d
            ON CONFLICT (digest) DO NOTHING
            """,
            [digests]);
        return session.Ask(
            "SELECT digest, id FROM content WHERE digest = ANY($1) ORDER BY id FOR KEY SHARE",
            row => KeyValuePair.Create(row.GetString(0), row.GetInt64(1)),
            [digests]);
    }

    /// <summary>Rows by digest.</summary>
    /// <exception cref="RepeatMutationException">One is missing.</exception>
    public static Dictionary<string, long> Require(List<KeyValuePair<string, long>> rows, string[] digests) =>
        rows.Count == digests.Length ? rows.ToDictionary() : throw new RepeatMutationException();

    /// <summary>Collects the statement that locks content that may lose its last link or manifest.</summary>
    public static void LockForRemoval(PostgresSession session, IEnumerable<Digest> digests) => session.Lock(
        "SELECT id FROM content WHERE digest = ANY($1) ORDER BY id FOR UPDATE", [PushedReferences.Distinct(digests)]);

    /// <summary>
    /// Collects the statement that records that the bytes of a digest, whose row is locked, are stored: in a place, or in the row itself. Bytes in the row would hide
    /// those of a new place, so they go. A link or a manifest is added after this: the totals count it with the recorded size, and two changes that store the same content
    /// wait for each other here.
    /// </summary>
    /// <param name="session">The transaction.</param>
    /// <param name="digest">The digest.</param>
    /// <param name="size">Size of the bytes.</param>
    /// <param name="place">Place in which the bytes have just been stored; null if the recorded place stays.</param>
    /// <param name="bytes">Small content itself; null if the new place has it, or it stays where it is recorded.</param>
    public static void SetStored(PostgresSession session, Digest digest, long size, BlobPlace? place, byte[]? bytes) => session.Queue(
        """
        UPDATE content SET size = $2, state = 1, place = CASE WHEN $4 THEN $3::text ELSE place END, bytes = CASE WHEN $6 THEN $5::bytea ELSE bytes END
        WHERE digest = $1
        """,
        digest.Value,
        size,
        place?.Key,
        place is not null,
        bytes,
        bytes is not null || place is not null);

    /// <summary>Reads a column of text that may be NULL.</summary>
    public static string? ReadText(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    /// <summary>Reads a column of a number that may be NULL.</summary>
    public static long? ReadNumber(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    /// <summary>
    /// Collects the statement that makes a blob visible in a repository; its idle time begins now unless a manifest needs it. It returns a row if the blob was not
    /// visible before.
    /// </summary>
    public static List<long> Link(PostgresSession session, RepositoryName repository, Digest digest) => session.Ask(
        """
        INSERT INTO blob_links (repository_id, content_id, idle_since)
        SELECT r.id, c.id, CASE WHEN EXISTS (SELECT 1 FROM held_content WHERE content_id = c.id AND repository_id = r.id) THEN NULL
            ELSE (SELECT seconds FROM clock) END
        FROM repositories r JOIN content c ON c.digest = $2 WHERE r.name = $1
        ON CONFLICT (repository_id, content_id) DO NOTHING RETURNING repository_id
        """,
        row => row.GetInt64(0),
        repository.Value,
        digest.Value);

    /// <summary>
    /// Collects the statement that restarts the idle time of a link, if it is idle. It changes nothing when the time has begun later, by a clock that a failover
    /// has set back since. It returns a row if the link exists.
    /// </summary>
    public static List<long> TouchLink(PostgresSession session, RepositoryName repository, Digest digest) => session.Ask(
        """
        UPDATE blob_links l SET idle_since = CASE WHEN l.idle_since IS NOT NULL THEN greatest(l.idle_since, (SELECT seconds FROM clock)) END
        FROM content c WHERE c.digest = $2 AND l.content_id = c.id AND l.repository_id = (SELECT id FROM repositories WHERE name = $1) RETURNING l.content_id
        """,
        row => row.GetInt64(0),
        repository.Value,
        digest.Value);

    /// <summary>Collects the query whether a blob is linked to a repository, whether its bytes are lost or not.</summary>
    public static async Task<bool> IsLinkedAsync(PostgresSession session, RepositoryName repository, Digest digest) => await session.NumberAsync(
        """
        SELECT 1::bigint FROM content c JOIN blob_links l ON l.content_id = c.id AND l.repository_id = (SELECT id FROM repositories WHERE name = $1)
        WHERE c.digest = $2
        """,
        repository.Value,
        digest.Value) is not null;

    /// <summary>
    /// Collects the statements that mark content for the collector, if no link and no manifest holds it any more, or remove its row, if it was only mentioned or
    /// its bytes are lost. The rows are locked (<see cref="LockForRemoval"/>).
    /// </summary>
    public static void OrphanUnused(PostgresSession session, long[] ids)
    {
        session.Queue(
            """
            UPDATE content c SET state = 2 WHERE c.id = ANY($1) AND c.state = 1
            AND NOT EXISTS (SELECT 1 FROM blob_links WHERE content_id = c.id) AND NOT EXISTS (SELECT 1 FROM kept_manifests WHERE content_id = c.id)
            """,
            [ids]);
        session.Queue(
            """
            DELETE FROM content c WHERE c.id = ANY($1) AND c.state = 0
            AND NOT EXISTS (SELECT 1 FROM held_content WHERE content_id = c.id)
            AND NOT EXISTS (SELECT 1 FROM blob_links WHERE content_id = c.id) AND NOT EXISTS (SELECT 1 FROM kept_manifests WHERE content_id = c.id)
            """,
            [ids]);
    }
}
