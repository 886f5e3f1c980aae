using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>The <c>changes</c> table, and the positions of its consumers.</summary>
/// <param name="database">The database.</param>
/// <param name="maxChanges">See <see cref="IChangeFeed.MaxChanges"/>.</param>
public sealed class SqliteChangeFeed(SqliteDatabase database, long maxChanges = IChangeFeed.MaxChanges) : IChangeFeed
{
    // Position up to which old changes were looked at.
    private const string TrimmedKey = "changes_trimmed";

    // Position up to which changes were removed that a consumer had not passed, because it was too far behind.
    private const string OverdueKey = "changes_overdue";

    private const string EpochKey = "changes_epoch";

    // Few enough for a light change, so that pushes do not wait for a removal.
    private const int ChangesPerTurn = 200;
    private const int TrimmedPerTurn = 2 * ChangesPerTurn;

    // Of all repositories, to find those of some.
    private const int LookedPerTurn = 5 * ChangesPerTurn;
    private const int LookedPerRead = 10_000;

    public event Action? Recorded
    {
        add => database.ChangesRecorded += value;
        remove => database.ChangesRecorded -= value;
    }

    public async Task<long> FindEpochAsync() => await database.ReadAsync(session => SqliteDatabase.ReadMeta(session, EpochKey))
        ?? throw new StorageException("The metadata have no epoch of the changes.");

    public Task BeginEpochAsync() => database.WriteAsync(session => BeginEpoch(session));

    public Task<long> FindPositionAsync(string consumer) => database.ReadAsync(session => FindPosition(session, consumer));

    public Task<long> FindEndAsync() => database.ReadAsync(ChangeRows.FindLast);

    public async Task<IReadOnlyList<RegistryChange>> ReadAsync(long after, int limit) =>
        await database.ReadAsync(session => ChangeRows.Read(session, after, limit));

    public async Task<IReadOnlyList<RegistryChange>> ReadAsync(IReadOnlyCollection<RepositoryName> repositories, long after, long upTo, int limit)
    {
        var names = JsonList.Of([.. repositories.Select(repository => repository.Value)]);
        var changes = new List<RegistryChange>();
        while (after < upTo && changes.Count < limit)
        {
            var (from, next) = (after, Math.Min(upTo, after + LookedPerRead));
            changes.AddRange(await database.ReadAsync(session => ChangeRows.Read(session, names, from, next, limit - changes.Count)));
            after = next;
        }

        return changes;
    }

    public async Task<IReadOnlyDictionary<RepositoryName, long>> FindHeldAsync(string consumer) =>
        await database.ReadAsync(session => HeldRows.Read(session, consumer));

    public async Task AcknowledgeAsync(string consumer, long position, IReadOnlyDictionary<RepositoryName, long>? held = null, bool isDurable = false)
    {
        var before = await FindHeldAsync(consumer);
        held ??= new Dictionary<RepositoryName, long>();
        foreach (var added in held.Where(repository => !before.ContainsKey(repository.Key)).Chunk(ChangesPerTurn))
        {
            // Before the position passes their changes.
            await WriteAsync(session => Array.ForEach(added, repository => HeldRows.Set(session, consumer, repository.Key, repository.Value)));
        }

        await MoveAsync(consumer, position);
        var moved = before
            .Select(repository => KeyValuePair.Create(repository.Key, held.TryGetValue(repository.Key, out var to) ? to : position))
            .Where(target => target.Value > before[target.Key]).ToDictionary();
        await MoveAsync(consumer, moved, moved.Count == 0 ? position : moved.Min(target => before[target.Key]));
        foreach (var ended in before.Keys.Where(repository => !held.ContainsKey(repository)).Chunk(ChangesPerTurn))
        {
            await WriteAsync(session => HeldRows.Remove(session, consumer, JsonList.Of([.. ended.Select(repository => repository.Value)])));
        }

        if (isDurable)
        {
            // The sync covers what was written before.
            await database.WriteAsync(session => Acknowledge(session, consumer, position));
        }
    }

    public Task<long> FindLostAsync() => database.ReadAsync(session =>
        Math.Max(SqliteDatabase.ReadMeta(session, TrimmedKey) ?? 0, SqliteDatabase.ReadMeta(session, OverdueKey) ?? 0));

    public async Task TrimAsync()
    {
        for (var isTrimmed = false; !isTrimmed;)
        {
            await WriteAsync(session =>
            {
                var overdue = Math.Max(0, ChangeRows.FindLast(session) - maxChanges);
                isTrimmed = Trim(session, Math.Max(FindSlowest(session), overdue)) && !RemoveOverdue(session, overdue);
            });
        }
    }

    /// <summary>Begins another epoch, inside the caller's transaction.</summary>
    internal static void BeginEpoch(SqliteSession session) =>
        session.Execute("UPDATE meta SET value = random() & 281474976710655 WHERE key = 'changes_epoch'");

    private async Task MoveAsync(string consumer, long position)
    {
        var done = await FindPositionAsync(consumer);
        var isTrimmed = false;
        do
        {
            var next = done = Math.Min(position, done + ChangesPerTurn);
            await WriteAsync(session =>
            {
                Acknowledge(session, consumer, next);
                isTrimmed = Trim(session, FindSlowest(session));
            });
        }
        while (done < position || !isTrimmed);
    }

    // Moves repositories that were held back, all in one pass over the changes. They keep their rows until their changes are removed.
    private async Task MoveAsync(string consumer, Dictionary<RepositoryName, long> targets, long from)
    {
        var end = targets.Values.DefaultIfEmpty(from).Max();
        while (from < end)
        {
            var (after, next) = (from, Math.Min(end, from + LookedPerTurn));
            await WriteAsync(session =>
            {
                HeldRows.Move(session, consumer, targets, next);
                ChangeRows.RemovePassed(session, after, Math.Min(next, FindSlowest(session)));
            });
            from = next;
        }
    }

    private Task WriteAsync(Action<SqliteSession> mutate) => database.WriteUnsyncedAsync(mutate, new WriteTurn(default, ChangesPerTurn));

    private static void Acknowledge(SqliteSession session, string consumer, long position)
    {
        var before = FindSlowest(session);
        session.Execute(
            "INSERT INTO change_consumers (name, position) VALUES (@1, @2) ON CONFLICT (name) DO UPDATE SET position = excluded.position", consumer, position);
        var after = FindSlowest(session);
        if (after > before)
        {
            ChangeRows.RemovePassed(session, before, after);
        }
    }

    // Removes old changes, and the oldest ones beyond the greatest number up to a position. False if there may be more of them.
    private bool Trim(SqliteSession session, long upTo)
    {
        var trimmed = SqliteDatabase.ReadMeta(session, TrimmedKey) ?? 0;
        var (looked, count) = ChangeRows.RemoveOld(
            session, trimmed, upTo: long.MaxValue, database.Clock.Now - (long)IChangeFeed.Retention.TotalSeconds, TrimmedPerTurn);
        if (count == 0 && ChangeRows.CountHistory(session) > maxChanges)
        {
            (looked, count) = ChangeRows.RemoveOld(session, trimmed, upTo, before: long.MaxValue, TrimmedPerTurn);
        }

        if (looked > trimmed)
        {
            SqliteDatabase.WriteMeta(session, TrimmedKey, looked);
        }

        return count < TrimmedPerTurn;
    }

    // A consumer that is behind by more than the greatest number of changes, such as the tree on a disk without room, must not keep all of them. True if there
    // may be more of them.
    private static bool RemoveOverdue(SqliteSession session, long upTo)
    {
        var behind = Math.Min(FindSlowest(session), HeldRows.FindSlowest(session) ?? long.MaxValue);
        var from = Math.Max(behind, SqliteDatabase.ReadMeta(session, OverdueKey) ?? 0);
        if (behind >= upTo || from >= upTo)
        {
            return false;
        }

        var next = Math.Min(upTo, from + TrimmedPerTurn);
        ChangeRows.RemovePassed(session, from, next, withHeld: true);
        SqliteDatabase.WriteMeta(session, OverdueKey, next);
        return next < upTo;
    }

    private static long FindPosition(SqliteSession session, string consumer) =>
        session.Number("SELECT position FROM change_consumers WHERE name = @1", consumer) ?? 0;

    private static long FindSlowest(SqliteSession session) => session.Number("SELECT MIN(position) FROM change_consumers") ?? 0;
}
