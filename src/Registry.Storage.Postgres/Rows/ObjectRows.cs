using Npgsql;
using Registry.Core.Objects;

namespace Registry.Storage.Postgres.Rows;

/// <summary>
/// Statements about the objects of a store that chooses keys. Each change of an upload first locks its row, if the process has it: so a process that takes the upload
/// waits for the change, and sees it, and one that has lost it changes nothing. Keys are locked in their order.
/// </summary>
internal static class ObjectRows
{
    // A lease counts for the process that got it only: an upload that has ended, and begins again elsewhere, begins with the first generation.
    private const string IsHeld = "upload = $1 AND generation = $2 AND process = $3";

    private const string IsDue = "k.due <= (SELECT seconds FROM clock) AND NOT EXISTS (SELECT 1 FROM content c WHERE c.place = k.key)";

    /// <summary>Collects the statement that adds a key. A repetition finds it.</summary>
    public static void Add(PostgresSession session, string key) =>
        session.Queue("INSERT INTO object_keys (key) VALUES ($1) ON CONFLICT (key) DO NOTHING", key);

    /// <summary>Collects the statements that add a key of an upload. They return a row unless the lease has ended.</summary>
    public static List<bool> Add(PostgresSession session, ObjectLease lease, Guid process, string key, string? multipart)
    {
        var held = Lock(session, lease, process);
        session.Queue(
            $"""
            INSERT INTO object_keys (key, upload, multipart) SELECT $4, upload, $5::text FROM upload_objects WHERE {IsHeld} ON CONFLICT (key) DO NOTHING
            """,
            lease.Upload,
            lease.Generation,
            process,
            key,
            multipart);
        return held;
    }

    /// <summary>
    /// Collects the statements that take an upload for a process, or begin it, and read it. They return no row if another process holds the session of the
    /// upload, which they lock against being taken over.
    /// </summary>
    public static (List<UploadObjects> Upload, List<ObjectPart> Parts) Take(PostgresSession session, Guid upload, Guid process, Guid holder)
    {
        session.Lock("SELECT id FROM uploads WHERE id = $1 FOR SHARE", upload);
        var taken = session.Ask(
            """
            INSERT INTO upload_objects AS u (upload, process, holder, generation)
            SELECT $1, $2, $3, 1 WHERE NOT EXISTS (SELECT 1 FROM uploads WHERE id = $1 AND process <> $2)
            ON CONFLICT (upload) DO UPDATE
                SET generation = u.generation + (u.holder <> excluded.holder)::int, process = excluded.process, holder = excluded.holder
            RETURNING generation, key, multipart, reserved, rest, rest_length, is_joining
            """,
            row => new UploadObjects(new ObjectLease(upload, row.GetInt64(0)))
            {
                Key = ContentRows.ReadText(row, 1),
                Multipart = ContentRows.ReadText(row, 2),
                Reserved = (int)row.GetInt64(3),
                Rest = ContentRows.ReadText(row, 4) is { } rest ? new ObjectRest(rest, row.GetInt64(5)) : null,
                IsJoining = row.GetBoolean(6),
            },
            upload,
            process,
            holder);
        var parts = session.Ask(
            "SELECT length, tag FROM upload_parts WHERE upload = $1 ORDER BY number", row => new ObjectPart(row.GetInt64(0), row.GetString(1)), upload);
        return (taken, parts);
    }

    /// <summary>Collects the statements that save the state of an upload. They return a row unless the lease has ended.</summary>
    public static List<bool> Save(PostgresSession session, UploadObjects objects, Guid process, int known)
    {
        var (upload, generation) = objects.Lease;
        var held = session.Ask(
            $"""
            UPDATE upload_objects SET key = $4::text, multipart = $5::text, reserved = $6, rest = $7::text, rest_length = $8, is_joining = $9
            WHERE {IsHeld} RETURNING true
            """,
            row => row.GetBoolean(0),
            upload,
            generation,
            process,
            objects.Key,
            objects.Multipart,
            objects.Reserved,
            objects.Rest?.Key,
            objects.Rest?.Length ?? 0,
            objects.IsJoining);
        session.Queue(
            $"DELETE FROM upload_parts WHERE number > $4 AND upload IN (SELECT upload FROM upload_objects WHERE {IsHeld})", upload, generation, process, (long)known);
        var added = objects.Parts.Skip(known).ToList();
        if (added.Count > 0)
        {
            session.Queue(
                $"""
                INSERT INTO upload_parts (upload, number, length, tag)
                SELECT upload, $4 + added.number, added.length, added.tag FROM upload_objects, unnest($5, $6) WITH ORDINALITY added (length, tag, number)
                WHERE {IsHeld}
                """,
                upload,
                generation,
                process,
                (long)known,
                added.Select(part => part.Length).ToArray(),
                added.Select(part => part.Tag).ToArray());
        }

        return held;
    }

    /// <summary>Collects the statement that locks an upload. It returns a row unless the lease has ended.</summary>
    public static List<bool> Lock(PostgresSession session, ObjectLease lease, Guid process) => session.Ask(
        $"SELECT true FROM upload_objects WHERE {IsHeld} FOR UPDATE", row => row.GetBoolean(0), lease.Upload, lease.Generation, process);

    /// <summary>Collects the statement that locks an upload. It returns a row if the holder has it.</summary>
    public static List<bool> Lock(PostgresSession session, Guid upload, Guid holder) => session.Ask(
        "SELECT true FROM upload_objects WHERE upload = $1 AND holder = $2 FOR UPDATE", row => row.GetBoolean(0), upload, holder);

    /// <summary>
    /// Collects the statement that locks the uploads that no other process has, and reads which they are. The process of its session has an upload; one without a
    /// session, as a request that ends with its upload has, that of its row, as long as it runs.
    /// </summary>
    public static List<(Guid Upload, bool IsOver)> LockFree(PostgresSession session, Guid process) => session.Ask(
        """
        SELECT u.upload, s.id IS NULL AND u.process <> $1 FROM upload_objects u LEFT JOIN uploads s ON s.id = u.upload
        WHERE CASE WHEN s.id IS NOT NULL THEN s.process = $1 ELSE u.process = $1
            OR NOT EXISTS (SELECT 1 FROM processes p WHERE p.id = u.process AND p.alive_until > clock_timestamp()) END
        ORDER BY u.upload FOR UPDATE OF u
        """,
        row => (row.GetGuid(0), row.GetBoolean(1)),
        process);

    /// <summary>Collects the statements that take locked uploads for a process, and read how many bytes each has.</summary>
    public static List<KeyValuePair<Guid, long>> TakeAll(PostgresSession session, Guid[] uploads, Guid process, Guid holder)
    {
        session.Queue(
            "UPDATE upload_objects SET generation = generation + (holder <> $3)::int, process = $2, holder = $3 WHERE upload = ANY($1)", uploads, process, holder);
        return session.Ask(
            """
            SELECT u.upload, u.rest_length + coalesce((SELECT sum(p.length) FROM upload_parts p WHERE p.upload = u.upload), 0)::bigint
            FROM upload_objects u WHERE u.upload = ANY($1)
            """,
            row => KeyValuePair.Create(row.GetGuid(0), row.GetInt64(1)),
            [uploads]);
    }

    /// <summary>Collects the statements that end locked uploads, and read which of their keys are due: all but that of a blob.</summary>
    public static List<CondemnedObject> End(PostgresSession session, Guid[] uploads, string? blob)
    {
        if (blob is not null)
        {
            session.Queue("UPDATE object_keys SET upload = NULL, multipart = NULL, due = NULL WHERE key = $1 AND upload = ANY($2)", blob, uploads);
        }

        var due = session.Ask(
            "UPDATE object_keys SET upload = NULL, due = (SELECT seconds FROM clock) WHERE upload = ANY($1) RETURNING key, multipart", ReadCondemned, [uploads]);
        session.Queue("DELETE FROM upload_objects WHERE upload = ANY($1)", [uploads]);
        return due;
    }

    /// <summary>Collects the statements that make keys due after some seconds of the clock.</summary>
    public static void Condemn(PostgresSession session, string[] keys, long after)
    {
        Lock(session, keys);
        session.Queue("UPDATE object_keys SET due = (SELECT seconds FROM clock) + $2 WHERE key = ANY($1)", keys, after);
    }

    /// <summary>Lists keys after one. Sends the collected statements.</summary>
    public static Task<List<string>> ListAsync(PostgresSession session, string? last, int limit) => session.AllAsync(
        "SELECT key FROM object_keys WHERE key > $1 ORDER BY key LIMIT $2", row => row.GetString(0), last ?? string.Empty, (long)limit);

    /// <summary>Collects the statements that make those keys due after some seconds of the clock that neither an upload nor content has.</summary>
    public static void CondemnUnknown(PostgresSession session, string[] keys, long after)
    {
        Lock(session, keys);
        session.Queue(
            """
            UPDATE object_keys k SET due = (SELECT seconds FROM clock) + $2
            WHERE k.key = ANY($1) AND k.upload IS NULL AND k.due IS NULL AND NOT EXISTS (SELECT 1 FROM content c WHERE c.place = k.key)
            """,
            keys,
            after);
    }

    /// <summary>Lists objects that are due. Sends the collected statements.</summary>
    public static Task<List<CondemnedObject>> ListDueAsync(PostgresSession session, int limit) => session.AllAsync(
        $"SELECT k.key, k.multipart FROM object_keys k WHERE {IsDue} ORDER BY k.due LIMIT $1",
        ReadCondemned,
        (long)limit);

    /// <summary>Counts objects that have a time of deletion, and reads how long the first one is due. Sends the collected statements.</summary>
    public static Task<WaitingObjects?> ReadWaitingAsync(PostgresSession session) => session.FirstAsync(
        $"""
        SELECT (SELECT count(*) FROM object_keys WHERE due IS NOT NULL),
            coalesce((SELECT (SELECT seconds FROM clock) - k.due FROM object_keys k WHERE {IsDue} ORDER BY k.due LIMIT 1), 0)
        """,
        row => new WaitingObjects(row.GetInt64(0), row.GetInt64(1)));

    /// <summary>Collects the statements that forget keys.</summary>
    public static void Forget(PostgresSession session, string[] keys)
    {
        Lock(session, keys);
        session.Queue("DELETE FROM object_keys WHERE key = ANY($1)", [keys]);
    }

    private static void Lock(PostgresSession session, string[] keys) =>
        session.Lock("SELECT key FROM object_keys WHERE key = ANY($1) ORDER BY key FOR UPDATE", [keys]);

    private static CondemnedObject ReadCondemned(NpgsqlDataReader row) => new(row.GetString(0), ContentRows.ReadText(row, 1));
}
