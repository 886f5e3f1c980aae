using Registry.Core.Objects;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>Statements about the objects of a store that chooses keys, inside the caller's savepoint.</summary>
internal static class ObjectRows
{
    /// <summary>Adds a key.</summary>
    public static void Add(SqliteSession connection, string key) => connection.Execute("INSERT INTO object_keys (key) VALUES (@1)", key);

    /// <summary>Adds a key of an upload; false if the lease has ended.</summary>
    public static bool Add(SqliteSession connection, ObjectLease lease, string key, string? multipart) => connection.Execute(
        "INSERT INTO object_keys (key, upload, multipart) SELECT @3, upload, @4 FROM upload_objects WHERE upload = @1 AND generation = @2",
        UploadRows.Name(lease.Upload),
        lease.Generation,
        key,
        multipart) > 0;

    /// <summary>Takes an upload for a process.</summary>
    public static UploadObjects Take(SqliteSession connection, Guid upload, Guid holder)
    {
        connection.Execute(
            """
            INSERT INTO upload_objects (upload, holder, generation) VALUES (@1, @2, 1)
            ON CONFLICT (upload) DO UPDATE SET generation = generation + (holder <> excluded.holder), holder = excluded.holder
            """,
            UploadRows.Name(upload),
            UploadRows.Name(holder));
        var parts = connection.All(
            "SELECT length, tag FROM upload_parts WHERE upload = @1 ORDER BY number", row => new ObjectPart(row.GetInt64(0), row.GetString(1)), UploadRows.Name(upload));
        return connection.First(
            "SELECT generation, key, multipart, reserved, rest, rest_length, is_joining FROM upload_objects WHERE upload = @1",
            row => new UploadObjects(new ObjectLease(upload, row.GetInt64(0)))
            {
                Key = row.IsDBNull(1) ? null : row.GetString(1),
                Multipart = row.IsDBNull(2) ? null : row.GetString(2),
                Reserved = row.GetInt32(3),
                Rest = row.IsDBNull(4) ? null : new ObjectRest(row.GetString(4), row.GetInt64(5)),
                IsJoining = row.GetBoolean(6),
                Parts = parts,
            },
            UploadRows.Name(upload))!;
    }

    /// <summary>Saves the state of an upload; false if the lease has ended.</summary>
    public static bool Save(SqliteSession connection, UploadObjects objects, int known)
    {
        var (upload, generation) = objects.Lease;
        var isHeld = connection.Execute(
            """
            UPDATE upload_objects SET key = @3, multipart = @4, reserved = @5, rest = @6, rest_length = @7, is_joining = @8
            WHERE upload = @1 AND generation = @2
            """,
            UploadRows.Name(upload),
            generation,
            objects.Key,
            objects.Multipart,
            objects.Reserved,
            objects.Rest?.Key,
            objects.Rest?.Length ?? 0,
            objects.IsJoining) > 0;
        if (isHeld)
        {
            connection.Execute("DELETE FROM upload_parts WHERE upload = @1 AND number > @2", UploadRows.Name(upload), known);
            for (var number = known + 1; number <= objects.Parts.Count; number++)
            {
                var (length, tag) = objects.Parts[number - 1];
                connection.Execute("INSERT INTO upload_parts (upload, number, length, tag) VALUES (@1, @2, @3, @4)", UploadRows.Name(upload), number, length, tag);
            }
        }

        return isHeld;
    }

    /// <summary>Ends an upload; null if the lease has ended.</summary>
    public static List<CondemnedObject>? End(SqliteSession connection, ObjectLease lease, string? blob, long now) =>
        connection.Execute("DELETE FROM upload_objects WHERE upload = @1 AND generation = @2", UploadRows.Name(lease.Upload), lease.Generation) > 0
            ? Release(connection, lease.Upload, blob, now)
            : null;

    /// <summary>Ends an upload; null if another process has it.</summary>
    public static List<CondemnedObject>? End(SqliteSession connection, Guid upload, Guid holder, long now) =>
        connection.Execute("DELETE FROM upload_objects WHERE upload = @1 AND holder = @2", UploadRows.Name(upload), UploadRows.Name(holder)) > 0
            ? Release(connection, upload, null, now)
            : null;

    /// <summary>Takes uploads for a process, and ends all others.</summary>
    public static Dictionary<Guid, long> TakeAll(SqliteSession connection, IReadOnlyCollection<Guid> uploads, Guid holder, long now)
    {
        var names = JsonList.Of([.. uploads.Select(UploadRows.Name)]);
        var others = connection.All("SELECT upload FROM upload_objects WHERE upload NOT IN (SELECT value FROM json_each(@1))", row => row.GetString(0), names);
        foreach (var other in others)
        {
            connection.Execute("DELETE FROM upload_objects WHERE upload = @1", other);
            Release(connection, UploadRows.Id(other), null, now);
        }

        connection.Execute("UPDATE upload_objects SET holder = @1, generation = generation + 1 WHERE holder <> @1", UploadRows.Name(holder));
        return connection.All(
            """
            SELECT u.upload, u.rest_length + COALESCE((SELECT SUM(p.length) FROM upload_parts AS p WHERE p.upload = u.upload), 0) FROM upload_objects AS u
            """,
            row => KeyValuePair.Create(UploadRows.Id(row.GetString(0)), row.GetInt64(1))).Where(upload => upload.Value > 0).ToDictionary();
    }

    /// <summary>Makes keys due from a second of the running clock on.</summary>
    public static void Condemn(SqliteSession connection, IReadOnlyCollection<string> keys, long due) => connection.Execute(
        "UPDATE object_keys SET due = @2 WHERE key IN (SELECT value FROM json_each(@1))", JsonList.Of(keys), due);

    /// <summary>Lists keys after one.</summary>
    public static List<string> List(SqliteSession connection, string? last, int limit) =>
        connection.All("SELECT key FROM object_keys WHERE key > @1 ORDER BY key LIMIT @2", row => row.GetString(0), last ?? string.Empty, limit);

    /// <summary>Makes those keys due that neither an upload nor content has.</summary>
    public static void CondemnUnknown(SqliteSession connection, IReadOnlyCollection<string> keys, long due) => connection.Execute(
        """
        UPDATE object_keys SET due = @2
        WHERE key IN (SELECT value FROM json_each(@1)) AND upload IS NULL AND due IS NULL AND NOT EXISTS (SELECT 1 FROM content AS c WHERE c.place = object_keys.key)
        """,
        JsonList.Of(keys),
        due);

    /// <summary>Lists objects that are due.</summary>
    public static List<CondemnedObject> ListDue(SqliteSession connection, long now, int limit) => connection.All(
        """
        SELECT k.key, k.multipart FROM object_keys AS k
        WHERE k.due <= @1 AND NOT EXISTS (SELECT 1 FROM content AS c WHERE c.place = k.key) ORDER BY k.due LIMIT @2
        """,
        row => new CondemnedObject(row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1)),
        now,
        limit);

    /// <summary>Counts objects that have a time of deletion, and reads how long the first one is due.</summary>
    public static WaitingObjects ReadWaiting(SqliteSession connection, long now) => connection.First(
        """
        SELECT (SELECT COUNT(*) FROM object_keys WHERE due IS NOT NULL),
            COALESCE((
                SELECT @1 - k.due FROM object_keys AS k
                WHERE k.due <= @1 AND NOT EXISTS (SELECT 1 FROM content AS c WHERE c.place = k.key) ORDER BY k.due LIMIT 1), 0)
        """,
        row => new WaitingObjects(row.GetInt64(0), row.GetInt64(1)),
        now)!;

    /// <summary>Forgets keys.</summary>
    public static void Forget(SqliteSession connection, IReadOnlyCollection<string> keys) =>
        connection.Execute("DELETE FROM object_keys WHERE key IN (SELECT value FROM json_each(@1))", JsonList.Of(keys));

    // The keys of an upload that has ended: the one that has become a blob stays, the others are due.
    private static List<CondemnedObject> Release(SqliteSession connection, Guid upload, string? blob, long now)
    {
        connection.Execute("DELETE FROM upload_parts WHERE upload = @1", UploadRows.Name(upload));
        connection.Execute("UPDATE object_keys SET upload = NULL, multipart = NULL WHERE key = @1 AND upload = @2", blob, UploadRows.Name(upload));
        return connection.All(
            "UPDATE object_keys SET upload = NULL, due = @2 WHERE upload = @1 RETURNING key, multipart",
            row => new CondemnedObject(row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1)),
            UploadRows.Name(upload),
            now);
    }
}
