using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres;

/// <summary>The <c>changes</c> table, and the positions of its consumers.</summary>
/// <param name="database">The database.</param>
/// <param name="maxChanges">See <see cref="IChangeFeed.MaxChanges"/>.</param>
public sealed class PostgresChangeFeed(PostgresDatabase database, long maxChanges = IChangeFeed.MaxChanges) : IChangeFeed
{
    // Position up to which old changes were looked at.
    private const string TrimmedKey = "changes_trimmed";

    // Position up to which changes were removed that a consumer had not passed, because it was too far behind.
    private const string OverdueKey = "changes_overdue";

    private const string EpochKey = "changes_epoch";

    // The pass that gives positions waits for a removal.
    private const int ChangesPerTransaction = 1000;

    public event Action? Recorded
    {
        add => database.ChangesRecorded += value;
        remove => database.ChangesRecorded -= value;
    }

    public async Task<long> FindEpochAsync() => await database.ReadAsync(session => MetaRows.ReadAsync(session, EpochKey))
        ?? throw new StorageException("The database has no epoch of the changes.");

    public Task BeginEpochAsync() => database.WriteAsync(session =>
        session.Queue("UPDATE meta SET value = floor(random() * 281474976710656)::bigint WHERE key = $1", EpochKey));

    public Task<long> FindPositionAsync(string consumer) => database.ReadAsync(session => FeedRows.FindPositionAsync(session, consumer));

    public async Task<long> FindEndAsync() => (await database.ReadAsync(FeedRows.FindEndAsync)).Last;

    public async Task<IReadOnlyList<RegistryChange>> ReadAsync(long after, int limit) =>
        await database.ReadAsync(session => FeedRows.ReadAsync(session, after, limit));

    public async Task<IReadOnlyList<RegistryChange>> ReadAsync(IReadOnlyCollection<RepositoryName> repositories, long after, long upTo, int limit)
    {
        string[] names = [.. repositories.Select(repository => repository.Value)];
        return await database.ReadAsync(session => FeedRows.ReadAsync(session, names, after, upTo, limit));
    }

    public async Task<IReadOnlyDictionary<RepositoryName, long>> FindHeldAsync(string consumer) =>
        await database.ReadAsync(session => HeldRows.ReadAsync(session, consumer));

    public async Task AcknowledgeAsync(string consumer, long position, IReadOnlyDictionary<RepositoryName, long>? held = null, bool isDurable = false)
    {
        var before = await FindHeldAsync(consumer);
        held ??= new Dictionary<RepositoryName, long>();
        var added = held.Where(repository => !before.ContainsKey(repository.Key)).ToList();
        if (added.Count > 0)
        {
            // Before the position passes their changes.
            await WriteAsync(session => HeldRows.Add(session, consumer, added));
        }

        await MoveAsync(consumer, position);
        var moved = before
            .Select(repository => KeyValuePair.Create(repository.Key, held.TryGetValue(repository.Key, out var to) ? to : position))
            .Where(target => target.Value > before[target.Key]).ToDictionary();
        await MoveAsync(consumer, moved, moved.Count == 0 ? position : moved.Min(target => before[target.Key]));
        var ended = before.Keys.Where(repository => !held.ContainsKey(repository)).ToList();
        if (ended.Count > 0)
        {
            await WriteAsync(session => HeldRows.Remove(session, consumer, ended));
        }

        if (isDurable)
        {
            // The sync covers what was committed before.
            await database.WriteAsync(session => FeedRows.SetPosition(session, consumer, position));
        }
    }

    public async Task<long> FindLostAsync()
    {
        var meta = await database.ReadAsync(MetaRows.ReadAsync);
        return Math.Max(meta.GetValueOrDefault(TrimmedKey), meta.GetValueOrDefault(OverdueKey));
    }

    public async Task TrimAsync()
    {
        for (var isTrimmed = false; !isTrimmed;)
        {
            isTrimmed = await WriteAsync(async session =>
            {
                var overdue = Math.Max(0, (await FeedRows.FindLastAsync(session) ?? 0) - maxChanges);
                var isDone = await TrimAsync(session, Math.Max(await FeedRows.FindSlowestAsync(session), overdue));
                return !await RemoveOverdueAsync(session, overdue) && isDone;
            });
        }
    }

    private async Task MoveAsync(string consumer, long position)
    {
        var done = await FindPositionAsync(consumer);
        var isTrimmed = false;
        do
        {
            var next = done = Math.Min(position, done + ChangesPerTransaction);
            isTrimmed = await WriteAsync(async session =>
            {
                var before = await FeedRows.FindSlowestAsync(session);
                FeedRows.SetPosition(session, consumer, next);
                var after = await FeedRows.FindSlowestAsync(session);
                if (after > before)
                {
                    FeedRows.RemovePassed(session, before, after);
                }

                return await TrimAsync(session, after);
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
            var (after, next) = (from, Math.Min(end, from + ChangesPerTransaction));
            await WriteAsync(async session =>
            {
                HeldRows.Move(session, consumer, targets, next);
                FeedRows.RemovePassed(session, after, Math.Min(next, await FeedRows.FindSlowestAsync(session)));
                return true;
            });
            from = next;
        }
    }

    // Removes old changes, and the oldest ones beyond the greatest number up to a position. False if there may be more of them.
    private async Task<bool> TrimAsync(PostgresSession session, long upTo)
    {
        var now = ClockRows.Read(session);
        var trimmed = await MetaRows.ReadAsync(session, TrimmedKey) ?? 0;
        var (looked, count) = await FeedRows.RemoveOldAsync(
            session, trimmed, upTo: long.MaxValue, now[0] - (long)IChangeFeed.Retention.TotalSeconds, ChangesPerTransaction);
        if (count == 0 && await FeedRows.AreMoreThanAsync(session, maxChanges))
        {
            (looked, count) = await FeedRows.RemoveOldAsync(session, trimmed, upTo, before: long.MaxValue, ChangesPerTransaction);
        }

        if (looked > trimmed)
        {
            MetaRows.Write(session, TrimmedKey, looked);
        }

        return count < ChangesPerTransaction;
    }

    // A consumer that is behind by more than the greatest number of changes must not keep all of them. True if there may be more of them.
    private static async Task<bool> RemoveOverdueAsync(PostgresSession session, long upTo)
    {
        var behind = Math.Min(await FeedRows.FindSlowestAsync(session), await HeldRows.FindSlowestAsync(session) ?? long.MaxValue);
        var from = Math.Max(behind, await MetaRows.ReadAsync(session, OverdueKey) ?? 0);
        if (behind >= upTo || from >= upTo)
        {
            return false;
        }

        var next = Math.Min(upTo, from + ChangesPerTransaction);
        FeedRows.RemovePassed(session, from, next, withHeld: true);
        MetaRows.Write(session, OverdueKey, next);
        return next < upTo;
    }

    private Task<bool> WriteAsync(Action<PostgresSession> mutate) => WriteAsync(session =>
    {
        mutate(session);
        return Task.FromResult(true);
    });

    private async Task<bool> WriteAsync(Func<PostgresSession, Task<bool>> mutate)
    {
        var done = await database.WriteAsync<bool>(
            async session =>
            {
                FeedRows.Lock(session);
                return await mutate(session);
            },
            isDurable: false);
        return done.Value;
    }
}
