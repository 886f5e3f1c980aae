using Microsoft.Data.Sqlite;
using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>Statements about the <c>changes</c> table, inside the caller's savepoint.</summary>
internal static class ChangeRows
{
    /// <summary>Records a change, in the transaction that makes it.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="change">Circumstances of the change.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="repositoryId">Row of the repository.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The blob or manifest.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="previous">The manifest that the tag referred to before.</param>
    /// <param name="mediaType">Media type of the manifest.</param>
    /// <param name="size">Size of the blob or manifest in bytes.</param>
    public static void Append(
        SqliteSession session,
        ChangeContext change,
        ChangeKind kind,
        long repositoryId,
        RepositoryName repository,
        Digest? digest = null,
        Tag? tag = null,
        Digest? previous = null,
        string? mediaType = null,
        long? size = null) => Append(
            session,
            """
            INSERT INTO changes (
                kind, at, clock, source, actor, request, address, client, reason, repository_id, repository, tag, digest, previous, media_type, size)
            VALUES (@1, @2, @3, @4, @5, @6, @7, @8, @9, @10, @11, @12, @13, @14, @15, @16)
            """,
            change,
            kind,
            repositoryId,
            repository,
            tag?.Value,
            digest,
            previous,
            mediaType,
            size);

    /// <summary>Records a rename, in the transaction that makes it.</summary>
    public static void AppendRename(SqliteSession session, ChangeContext change, long repositoryId, RepositoryName repository, RepositoryName newName)
    {
        session.Execute(
            """
            INSERT INTO changes (kind, at, clock, source, actor, request, address, client, reason, repository_id, repository, new_name)
            VALUES (@1, @2, @3, @4, @5, @6, @7, @8, @9, @10, @11, @12)
            """,
            (long)ChangeKind.RepositoryRenamed,
            change.Time.ToUnixTimeMilliseconds(),
            change.Now,
            (long)change.Origin.Source,
            change.Origin.Actor,
            change.Origin.Request,
            change.Origin.Address,
            change.Origin.Client,
            change.Reason,
            repositoryId,
            repository.Value,
            newName.Value);
        session.HasChanges = true;
    }

    /// <summary>Records the same change of each tag of a JSON array, in the transaction that makes it.</summary>
    public static void AppendEach(
        SqliteSession session,
        ChangeContext change,
        ChangeKind kind,
        long repositoryId,
        RepositoryName repository,
        string tags,
        Digest? digest = null,
        Digest? previous = null) => Append(
            session,
            """
            INSERT INTO changes (
                kind, at, clock, source, actor, request, address, client, reason, repository_id, repository, tag, digest, previous, media_type, size)
            SELECT @1, @2, @3, @4, @5, @6, @7, @8, @9, @10, @11, value, @13, @14, @15, @16 FROM json_each(@12)
            """,
            change,
            kind,
            repositoryId,
            repository,
            tags,
            digest,
            previous,
            mediaType: null,
            size: null);

    /// <summary>Reads the changes after a position, in order.</summary>
    public static List<RegistryChange> Read(SqliteSession session, long after, int limit) => session.All(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE sequence > @1 ORDER BY sequence LIMIT @2
        """,
        ReadRow,
        after,
        limit);

    /// <summary>Reads the changes of some repositories, a JSON array, after a position and up to another one, in order.</summary>
    public static List<RegistryChange> Read(SqliteSession session, string repositories, long after, long upTo, int limit) => session.All(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE sequence > @1 AND sequence <= @2 AND repository IN (SELECT value FROM json_each(@3)) ORDER BY sequence LIMIT @4
        """,
        ReadRow,
        after,
        upTo,
        repositories,
        limit);

    /// <summary>Reads the changes of a tag before a position, the newest first. What only repeats an entry of the tag is none.</summary>
    public static List<RegistryChange> ReadTag(SqliteSession session, long repositoryId, Tag tag, long before, long limit) => session.All(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE repository_id = @1 AND tag = @2 AND sequence < @3 AND kind IN (5, 6) AND source <> 4 AND previous IS NOT digest
        ORDER BY sequence DESC LIMIT @4
        """,
        ReadRow,
        repositoryId,
        tag.Value,
        before,
        limit);

    /// <summary>Finds the last change of a tag whose time is not later than one in Unix milliseconds; null if there is none.</summary>
    public static RegistryChange? FindTag(SqliteSession session, long repositoryId, Tag tag, long at) => session.First(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE repository_id = @1 AND tag = @2 AND at <= @3 AND kind IN (5, 6) AND source <> 4 AND previous IS NOT digest
        ORDER BY sequence DESC LIMIT 1
        """,
        ReadRow,
        repositoryId,
        tag.Value,
        at);

    /// <summary>Finds the first change of a tag after a position; null if there is none.</summary>
    public static RegistryChange? FindNext(SqliteSession session, long repositoryId, Tag tag, long after) => session.First(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE repository_id = @1 AND tag = @2 AND sequence > @3 AND kind IN (5, 6) AND source <> 4 AND previous IS NOT digest
        ORDER BY sequence LIMIT 1
        """,
        ReadRow,
        repositoryId,
        tag.Value,
        after);

    /// <summary>Finds the last removal of a manifest; null if there is none.</summary>
    public static RegistryChange? FindRemoval(SqliteSession session, long repositoryId, Digest digest) => session.First(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE repository_id = @1 AND digest = @2 AND kind = 4 ORDER BY sequence DESC LIMIT 1
        """,
        ReadRow,
        repositoryId,
        digest.Value);

    /// <summary>Finds the last rename that took a name away; null if there is none.</summary>
    public static RegistryChange? FindRename(SqliteSession session, RepositoryName name) => session.First(
        """
        SELECT sequence, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name FROM changes
        WHERE repository = @1 AND kind = 8 ORDER BY sequence DESC LIMIT 1
        """,
        ReadRow,
        name.Value);

    /// <summary>
    /// Removes the changes that only consumers need, after a position and up to another one. Those include a push that set a tag to what it was: the tree
    /// writes the link again, but nothing has changed.
    /// </summary>
    /// <param name="session">The transaction.</param>
    /// <param name="after">The position.</param>
    /// <param name="upTo">The other one.</param>
    /// <param name="withHeld">True to remove those of repositories that are held back, too.</param>
    public static void RemovePassed(SqliteSession session, long after, long upTo, bool withHeld = false) => session.Execute(
        """
        DELETE FROM changes WHERE sequence > @1 AND sequence <= @2 AND (kind IN (1, 2, 7) OR source = 4 OR (kind = 5 AND previous = digest))
        AND (@3 = 1 OR NOT EXISTS (SELECT 1 FROM change_held h WHERE h.repository = changes.repository AND h.position < changes.sequence))
        """,
        after,
        upTo,
        withHeld);

    /// <summary>Last change that was recorded, also if it is removed; 0 if there was none.</summary>
    public static long FindLast(SqliteSession session) => session.Number("SELECT seq FROM sqlite_sequence WHERE name = 'changes'") ?? 0;

    /// <summary>Counts the changes of tags and manifests, without one for each tag: those that set the tags to what they are.</summary>
    public static long CountHistory(SqliteSession session) => session.Number("SELECT changes - tags FROM totals WHERE id = 1") ?? 0;

    /// <summary>
    /// Removes old changes, the oldest first. The change that set a tag goes when the next change of the tag is old, too: until then, the tag was set so at a
    /// time that is remembered.
    /// </summary>
    /// <param name="session">The transaction.</param>
    /// <param name="after">Position up to which an earlier call has looked.</param>
    /// <param name="upTo">Last change that may be looked at.</param>
    /// <param name="before">Time at which changes cease to be old, in seconds of the running clock.</param>
    /// <param name="limit">Number of changes to look at.</param>
    /// <returns>Position up to which this call has looked, and the number of changes that it has looked at.</returns>
    public static (long UpTo, int Count) RemoveOld(SqliteSession session, long after, long upTo, long before, int limit)
    {
        if (session.Number("SELECT clock FROM changes WHERE sequence > @1 ORDER BY sequence LIMIT 1", after) is not { } oldest || oldest >= before)
        {
            return (after, 0);
        }

        var old = session.All(
            "SELECT sequence, clock FROM changes WHERE sequence > @1 AND sequence <= @2 ORDER BY sequence LIMIT @3",
            row => (Sequence: row.GetInt64(0), Clock: row.GetInt64(1)),
            after,
            upTo,
            (long)limit).TakeWhile(row => row.Clock < before).ToList();
        if (old.Count == 0)
        {
            return (after, 0);
        }

        // What only repeats or forgets an entry of a tag (7, a restore, a push that set it to what it was) succeeds nothing.
        var last = old[^1].Sequence;
        session.Execute(
            """
            DELETE FROM changes WHERE sequence IN (
                SELECT e.sequence FROM (
                    SELECT repository_id, tag, MAX(sequence) AS sequence FROM changes
                    WHERE sequence > @1 AND sequence <= @2 AND tag IS NOT NULL AND kind IN (5, 6) AND source <> 4 AND previous IS NOT digest
                    GROUP BY repository_id, tag) l
                CROSS JOIN changes e ON e.repository_id = l.repository_id AND e.tag = l.tag AND e.sequence < l.sequence)
            """,
            after,
            last);
        session.Execute(
            "DELETE FROM changes WHERE sequence > @1 AND sequence <= @2 AND (kind <> 5 OR source = 4 OR previous = digest)",
            after,
            last);
        return (last, old.Count);
    }

    private static void Append(
        SqliteSession session,
        string sql,
        ChangeContext change,
        ChangeKind kind,
        long repositoryId,
        RepositoryName repository,
        string? tags,
        Digest? digest,
        Digest? previous,
        string? mediaType,
        long? size)
    {
        session.Execute(
            sql,
            (long)kind,
            change.Time.ToUnixTimeMilliseconds(),
            change.Now,
            (long)change.Origin.Source,
            change.Origin.Actor,
            change.Origin.Request,
            change.Origin.Address,
            change.Origin.Client,
            change.Reason,
            repositoryId,
            repository.Value,
            tags,
            digest?.Value,
            previous?.Value,
            mediaType,
            size);
        session.HasChanges = true;
    }

    /// <summary>Reads a row with the columns of the statements above.</summary>
    public static RegistryChange ReadRow(SqliteDataReader row) => new()
    {
        Sequence = row.GetInt64(0),
        Kind = (ChangeKind)row.GetInt32(1),
        Time = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)),
        Origin = new ChangeOrigin
        {
            Source = (ChangeSource)row.GetInt32(3),
            Actor = Text(row, 4),
            Request = Text(row, 5),
            Address = Text(row, 6),
            Client = Text(row, 7),
        },
        Reason = Text(row, 8),
        Repository = RepositoryName.Parse(row.GetString(9)),
        Tag = Text(row, 10) is { } tag ? Tag.Parse(tag) : null,
        Digest = ReadDigest(row, 11),
        Previous = ReadDigest(row, 12),
        MediaType = Text(row, 13),
        Size = row.IsDBNull(14) ? null : row.GetInt64(14),
        NewName = Text(row, 15) is { } name ? RepositoryName.Parse(name) : null,
    };

    private static Digest? ReadDigest(SqliteDataReader row, int column) => Text(row, column) is { } digest ? Digest.Parse(digest) : null;

    private static string? Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
