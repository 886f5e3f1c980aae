using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>The <c>changes</c> table, and the positions of its consumers.</summary>
public sealed class SqliteChangeFeed(SqliteDatabase database) : IChangeFeed
{
    // Position up to which old changes were looked at.
    private const string TrimmedKey = "changes_trimmed";

    // Few enough for a light change, so that pushes do not wait for a removal.
    private const int ChangesPerTurn = 200;

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

    public async Task AcknowledgeAsync(string consumer, long position)
    {
        var done = await FindPositionAsync(consumer);
        do
        {
            var next = done = Math.Min(position, done + ChangesPerTurn);
            await database.WriteUnsyncedAsync(session => Acknowledge(session, consumer, next), new WriteTurn(default, ChangesPerTurn));
        }
        while (done < position);
    }

    private void Acknowledge(SqliteSession session, string consumer, long position)
    {
        var before = FindSlowest(session);
        session.Execute(
            "INSERT INTO change_consumers (name, position) VALUES (@1, @2) ON CONFLICT (name) DO UPDATE SET position = excluded.position", consumer, position);
        var after = FindSlowest(session);
        if (after > before)
        {
            ChangeRows.RemovePassed(session, before, after);
        }

        // At least as many as are recorded, so that the table does not grow for ever.
        var trimmed = SqliteDatabase.ReadMeta(session, TrimmedKey) ?? 0;
        var looked = ChangeRows.RemoveOld(session, trimmed, database.Clock.Now - (long)IChangeFeed.Retention.TotalSeconds, 2 * ChangesPerTurn);
        if (looked > trimmed)
        {
            SqliteDatabase.WriteMeta(session, TrimmedKey, looked);
        }
    }

    private static long FindPosition(SqliteSession session, string consumer) =>
        session.Number("SELECT position FROM change_consumers WHERE name = @1", consumer) ?? 0;

    private static long FindSlowest(SqliteSession session) => session.Number("SELECT MIN(position) FROM change_consumers") ?? 0;
}
