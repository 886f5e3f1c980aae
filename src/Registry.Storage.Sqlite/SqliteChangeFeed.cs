using Registry.Core.Changes;
using Registry.Core.Oci;
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

    // Few enough for a light change, so that pushes do not wait for a removal.
    private const int ChangesPerTurn = 200;
    private const int TrimmedPerTurn = 2 * ChangesPerTurn;

    // Of all repositories, to find those of one.
    private const int LookedPerTurn = 5 * ChangesPerTurn;

    public event Action? Recorded
    {
        add => database.ChangesRecorded += value;
        remove => database.ChangesRecorded -= value;
    }

    public Task<long> FindPositionAsync(string consumer) => database.ReadAsync(session => FindPosition(session, consumer));

    public async Task<IReadOnlyList<RegistryChange>> ReadAsync(long after, int limit) =>
        await database.ReadAsync(session => ChangeRows.Read(session, after, limit));

    public async Task<IReadOnlyList<RegistryChange>> ReadAsync(RepositoryName repository, long after, long upTo, int limit) =>
        await database.ReadAsync(session => ChangeRows.Read(session, repository, after, upTo, limit));

    public async Task<IReadOnlyDictionary<RepositoryName, long>> FindHeldAsync(string consumer) =>
        await database.ReadAsync(session => HeldRows.Read(session, consumer));

    public async Task AcknowledgeAsync(string consumer, long position, IReadOnlyDictionary<RepositoryName, long>? held = null)
    {
        var before = await FindHeldAsync(consumer);
        held ??= new Dictionary<RepositoryName, long>();
        foreach (var added in held.Where(repository => !before.ContainsKey(repository.Key)).Chunk(ChangesPerTurn))
        {
            // Before the position passes their changes.
            await WriteAsync(session => Array.ForEach(added, repository => HeldRows.Set(session, consumer, repository.Key, repository.Value)));
        }

        await MoveAsync(consumer, position);
        foreach (var (repository, from) in before)
        {
            await MoveAsync(consumer, repository, from, held.TryGetValue(repository, out var to) ? to : null, position);
        }
    }

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
                isTrimmed = Trim(session);
            });
        }
        while (done < position || !isTrimmed);
    }

    // Moves a repository that was held back; to the position of the consumer if it no longer is. It keeps its row until its changes are removed.
    private async Task MoveAsync(string consumer, RepositoryName repository, long from, long? to, long position)
    {
        var end = to ?? position;
        while (from < end)
        {
            var (after, next) = (from, Math.Min(end, from + LookedPerTurn));
            await WriteAsync(session =>
            {
                HeldRows.Set(session, consumer, repository, next);
                ChangeRows.RemovePassed(session, after, Math.Min(next, FindSlowest(session)), repository);
            });
            from = next;
        }

        if (to is null)
        {
            await WriteAsync(session => HeldRows.Remove(session, consumer, repository));
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

    // Removes old changes, and the oldest ones beyond the greatest number if all consumers have passed them. False if there may be more of them.
    private bool Trim(SqliteSession session)
    {
        var trimmed = SqliteDatabase.ReadMeta(session, TrimmedKey) ?? 0;
        var (looked, count) = ChangeRows.RemoveOld(
            session, trimmed, upTo: long.MaxValue, database.Clock.Now - (long)IChangeFeed.Retention.TotalSeconds, TrimmedPerTurn);
        if (count == 0 && ChangeRows.CountHistory(session) > maxChanges)
        {
            (looked, count) = ChangeRows.RemoveOld(session, trimmed, FindSlowest(session), before: long.MaxValue, TrimmedPerTurn);
        }

        if (looked > trimmed)
        {
            SqliteDatabase.WriteMeta(session, TrimmedKey, looked);
        }

        return count < TrimmedPerTurn;
    }

    private static long FindPosition(SqliteSession session, string consumer) =>
        session.Number("SELECT position FROM change_consumers WHERE name = @1", consumer) ?? 0;

    private static long FindSlowest(SqliteSession session) => session.Number("SELECT MIN(position) FROM change_consumers") ?? 0;
}
