using Registry.Core.Events;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite.Events;

/// <summary>How far events were sent, in SQLite. Its process is the only one, so it holds every endpoint.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
public sealed class SqliteEventDeliveries(SqliteDatabase database, TimeProvider time) : IEventDeliveries
{
    // Only endpoints that no configuration has any more are forgotten, after days. So this need not be written at each renewal.
    private static readonly TimeSpan Noted = TimeSpan.FromHours(1);

    public async Task<IReadOnlyList<EventLane>?> HoldAsync(string endpoint, Guid holder, TimeSpan lease, long start)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (await database.ReadAsync(session => EventRows.FindHeld(session, endpoint)) is not { } heldAt
            || Math.Abs(now - heldAt) > Noted.TotalMilliseconds)
        {
            await WriteAsync(session => EventRows.Hold(session, endpoint, now, start), EventLane.Count);
        }

        return await ListLanesAsync(endpoint);
    }

    public Task ReleaseAsync(string endpoint, Guid holder) => Task.CompletedTask;

    public async Task<bool> AdvanceAsync(string endpoint, Guid holder, IReadOnlyList<EventLane> lanes, IReadOnlyList<EventDelivery> deliveries)
    {
        ArgumentNullException.ThrowIfNull(lanes);
        ArgumentNullException.ThrowIfNull(deliveries);
        var areRecorded = true;
        await WriteAsync(
            session =>
            {
                areRecorded = true;
                foreach (var lane in lanes)
                {
                    areRecorded &= EventRows.Advance(session, endpoint, lane);
                }

                foreach (var (delivery, slot) in EventSlots.Of(lanes, deliveries))
                {
                    EventRows.Add(session, endpoint, delivery, slot);
                }
            },
            lanes.Count + deliveries.Count);
        return areRecorded;
    }

    public async Task<bool> ReplayAsync(string endpoint, long position)
    {
        var isKnown = false;
        await WriteAsync(session => isKnown = EventRows.Replay(session, endpoint, position), EventLane.Count);
        return isKnown;
    }

    public async Task<IReadOnlyList<EventLane>> ListLanesAsync(string endpoint) => await database.ReadAsync(session => EventRows.ListLanes(session, endpoint));

    public async Task<IReadOnlyList<EventDelivery>> ListAsync(string endpoint, bool areSetAside, int limit) =>
        await database.ReadAsync(session => EventRows.List(session, endpoint, areSetAside, limit));

    public Task ForgetAsync(IReadOnlyCollection<string> kept, TimeSpan age)
    {
        var before = (time.GetUtcNow() - age).ToUnixTimeMilliseconds();
        return WriteAsync(session => EventRows.Forget(session, JsonList.Of([.. kept]), before), EventLane.Count);
    }

    private Task WriteAsync(Action<SqliteSession> mutate, int rows) => database.WriteUnsyncedAsync(mutate, new WriteTurn(default, rows));
}
