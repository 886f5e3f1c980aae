using Microsoft.Data.Sqlite;
using Registry.Core.Changes;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Sqlite.Retention;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite;

/// <summary>A copy of the database at one moment, in a file of its own, for a backup.</summary>
public sealed class SqliteSnapshot : IMetadataSnapshot
{
    // Staged content of a page is in memory.
    private const int PageSize = 250;

    private readonly SqliteSession _session;

    private SqliteSnapshot(SqliteSession session) => _session = session;

    /// <summary>Opens a snapshot.</summary>
    /// <param name="path">File of the snapshot.</param>
    /// <param name="isChecked">True to check the whole snapshot for damage.</param>
    /// <exception cref="StorageException">The snapshot does not exist, is damaged, or another version wrote it.</exception>
    public static SqliteSnapshot Open(string path, bool isChecked = true)
    {
        SqliteConnection? connection = null;
        try
        {
            connection = Connect(path, SqliteOpenMode.ReadWrite);
            connection.Open();
            var session = new SqliteSession(connection);
            session.Pragma(SqliteSession.TemporariesInMemory);
            SqliteSchema.Migrate(connection, path);
            if (isChecked && session.First("PRAGMA quick_check(1)", row => row.GetString(0)) is var found && found != "ok")
            {
                throw new StorageException($"holds a {Path.GetFileName(path)} that is damaged: {found}");
            }

            return new SqliteSnapshot(session);
        }
        catch (SqliteException e)
        {
            connection?.Dispose();
            throw new StorageException($"holds a {Path.GetFileName(path)} that cannot be read: {e.Message}", e);
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    public (long Blobs, long Bytes) Count() => _session.First(
        "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM content WHERE state = 1", row => (row.GetInt64(0), row.GetInt64(1)));

    public IEnumerable<SnapshotBlob> Blobs()
    {
        for (long last = 0; ;)
        {
            var page = _session.All(
                """
                SELECT c.id, c.digest, c.size, s.bytes FROM content c LEFT JOIN staged_content s ON s.content_id = c.id
                WHERE c.id > @1 AND c.state = 1 ORDER BY c.id LIMIT @2
                """,
                row => (Id: row.GetInt64(0), Blob: new SnapshotBlob(
                    Digest.Parse(row.GetString(1)), row.GetInt64(2), row.IsDBNull(3) ? null : row.GetFieldValue<byte[]>(3))),
                last,
                PageSize);
            foreach (var (id, blob) in page)
            {
                last = id;
                yield return blob;
            }

            if (page.Count < PageSize)
            {
                yield break;
            }
        }
    }

    public bool Contains(Digest digest) => _session.Number("SELECT id FROM content WHERE digest = @1 AND state = 1", digest.Value) is not null;

    public void RemoveStaged()
    {
        try
        {
            _session.Execute("DELETE FROM staged_content;");
        }
        catch (SqliteException e)
        {
            throw NotWritten(e);
        }
    }

    public void RepeatForTree(DateTimeOffset time)
    {
        try
        {
            var milliseconds = time.ToUnixTimeMilliseconds();
            var clock = SqliteDatabase.ReadClock(_session);
            _session.Execute("BEGIN IMMEDIATE");
            SqliteChangeFeed.BeginEpoch(_session);
            _session.Execute("DELETE FROM changes WHERE kind IN (1, 2, 7) OR source = 4");

            // What was pulled since the backup is not known.
            _session.Execute("DELETE FROM meta WHERE key = @1", SqliteRetention.RecordedSince);
            _session.Execute("DELETE FROM change_held WHERE consumer = @1", ChangeConsumers.Tree);
            _session.Execute(
                "UPDATE change_consumers SET position = @2 WHERE name = @1", ChangeConsumers.Tree, ChangeRows.FindLast(_session));
            _session.Execute(
                """
                INSERT INTO changes (kind, at, clock, source, repository_id, repository, digest) SELECT @1, @2, @3, @4, r.id, r.name, c.digest
                FROM blob_links l JOIN repositories r ON r.id = l.repository_id JOIN content c ON c.id = l.content_id
                """,
                (long)ChangeKind.BlobLinked,
                milliseconds,
                clock,
                (long)ChangeSource.Restore);
            _session.Execute(
                """
                INSERT INTO changes (kind, at, clock, source, repository_id, repository, digest) SELECT @1, @2, @3, @4, r.id, r.name, c.digest
                FROM manifests m JOIN repositories r ON r.id = m.repository_id JOIN content c ON c.id = m.content_id
                """,
                (long)ChangeKind.ManifestAdded,
                milliseconds,
                clock,
                (long)ChangeSource.Restore);
            _session.Execute(
                """
                INSERT INTO changes (kind, at, clock, source, repository_id, repository, tag, digest)
                SELECT @1, @2, @3, @4, r.id, r.name, h.tag, c.digest
                FROM tag_history h JOIN manifests m ON m.id = h.manifest_id JOIN repositories r ON r.id = h.repository_id
                JOIN content c ON c.id = m.content_id
                """,
                (long)ChangeKind.TagSet,
                milliseconds,
                clock,
                (long)ChangeSource.Restore);

            // Last, since the last change sets the tag.
            _session.Execute(
                """
                INSERT INTO changes (kind, at, clock, source, repository_id, repository, tag, digest)
                SELECT @1, @2, @3, @4, r.id, r.name, t.name, c.digest
                FROM tags t JOIN manifests m ON m.id = t.manifest_id JOIN repositories r ON r.id = t.repository_id
                JOIN content c ON c.id = m.content_id
                """,
                (long)ChangeKind.TagSet,
                milliseconds,
                clock,
                (long)ChangeSource.Restore);
            _session.Execute("COMMIT");
        }
        catch (SqliteException e)
        {
            throw NotWritten(e);
        }
    }

    public void Dispose() => _session.Dispose();

    /// <summary>Makes a snapshot in a new file. Excludes the uploads in progress, whose bytes are not part of a backup.</summary>
    internal static void Write(SqliteConnection source, string target)
    {
        using var copy = Connect(target, SqliteOpenMode.ReadWriteCreate);
        copy.Open();
        source.BackupDatabase(copy);
        using var session = new SqliteSession(copy);

        // One file without a log. A sync of the file makes all of it durable.
        session.Pragma("PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF");
        session.Execute("DELETE FROM uploads;");
        session.Execute("DELETE FROM web_sessions;");
    }

    private static StorageException NotWritten(SqliteException e) =>
        new($"The metadata could not be written: {e.Message}", SqliteFault.IsFull(e));

    private static SqliteConnection Connect(string path, SqliteOpenMode mode) => new(new SqliteConnectionStringBuilder
    {
        DataSource = path,
        Mode = mode,
        Pooling = false,
    }.ConnectionString);
}
