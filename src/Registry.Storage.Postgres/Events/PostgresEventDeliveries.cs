using Registry.Core.Events;

namespace Registry.Storage.Postgres.Events;

/// <summary>How far events were sent, in PostgreSQL. A process holds an endpoint for a time, by the clock of the server.</summary>
/// <param name="database">The database.</param>
public sealed class PostgresEventDeliveries(PostgresDatabase database) : IEventDeliveries
{
    public async Task<IReadOnlyList<EventLane>?> HoldAsync(string endpoint, Guid holder, TimeSpan lease, long start)
    {
        var milliseconds = (long)lease.TotalMilliseconds;

        // A look first: the others ask again and again, and would write each time.
        if (await database.ReadAsync(session => EventRows.IsHeldByOtherAsync(session, endpoint, holder, milliseconds)))
        {
            return null;
        }

        var held = await database.WriteAsync<List<EventLane>?>(
            async session =>
            {
                var taken = EventRows.Hold(session, endpoint, holder, milliseconds, start);
                var lanes = EventRows.AskLanes(session, endpoint);
                await session.SendAsync();
                return taken.Count > 0 ? lanes : null;
            },
            isDurable: false,
            isRepeatable: true);
        return held.Value;
    }

    public Task ReleaseAsync(string endpoint, Guid holder) =>
        database.WriteAsync(session => EventRows.Release(session, endpoint, holder), isDurable: false, isRepeatable: true);

    public async Task<bool> AdvanceAsync(string endpoint, Guid holder, IReadOnlyList<EventLane> lanes, IReadOnlyList<EventDelivery> deliveries)
    {
        ArgumentNullException.ThrowIfNull(lanes);
        ArgumentNullException.ThrowIfNull(deliveries);
        var advanced = await database.WriteAsync<bool>(
            async session =>
            {
                var recorded = lanes.Select(lane => EventRows.Advance(session, endpoint, holder, lane)).ToList();
                foreach (var (delivery, slot) in EventSlots.Of(lanes, deliveries))
                {
                    EventRows.Add(session, endpoint, delivery, slot);
                }

                await session.SendAsync();
                return recorded.TrueForAll(rows => rows.Count > 0);
            },
            isDurable: false,
            isRepeatable: true);
        return advanced.Value;
    }

    public async Task<bool> ReplayAsync(string endpoint, long position)
    {
        var replayed = await database.WriteAsync<bool>(async session =>
        {
            var lanes = EventRows.Replay(session, endpoint, position);
            await session.SendAsync();
            return lanes.Count > 0;
        });
        return replayed.Value;
    }

    public async Task<IReadOnlyList<EventLane>> ListLanesAsync(string endpoint) => await database.ReadAsync(async session =>
    {
        var lanes = EventRows.AskLanes(session, endpoint);
        await session.SendAsync();
        return lanes;
    });

    public async Task<IReadOnlyList<EventDelivery>> ListAsync(string endpoint, bool areSetAside, int limit) =>
        await database.ReadAsync(session => EventRows.ListAsync(session, endpoint, areSetAside, limit));

    public Task ForgetAsync(IReadOnlyCollection<string> kept, TimeSpan age) => database.WriteAsync(
        session => EventRows.Forget(session, [.. kept], (long)age.TotalMilliseconds), isDurable: false, isRepeatable: true);
}
