using Npgsql;
using Registry.Core.Changes;
using Registry.Core.Events;
using Registry.Core.Oci;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres.Events;

/// <summary>Statements about endpoints of events.</summary>
internal static class EventRows
{
    // The clock of the server may have been set back.
    private const string IsHeld = "e.held_until > clock_timestamp() AND e.held_until < clock_timestamp() + $3 * interval '2 milliseconds'";

    /// <summary>True if another process holds an endpoint.</summary>
    /// <param name="session">The connection.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="holder">The process that asks.</param>
    /// <param name="lease">Time of a hold in milliseconds.</param>
    public static async Task<bool> IsHeldByOtherAsync(PostgresSession session, string endpoint, Guid holder, long lease) => await session.FirstAsync(
        $"SELECT true FROM event_endpoints e WHERE e.name = $1 AND e.holder <> $2 AND {IsHeld}", row => row.GetBoolean(0), endpoint, holder, lease);

    /// <summary>Collects the statements that take an endpoint, and begin its lanes if it has none. They return a row unless another process holds it.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="holder">The process.</param>
    /// <param name="lease">Time of the hold in milliseconds.</param>
    /// <param name="start">Position of new lanes.</param>
    public static List<bool> Hold(PostgresSession session, string endpoint, Guid holder, long lease, long start)
    {
        var taken = session.Ask(
            $"""
            INSERT INTO event_endpoints AS e (name, holder, held_until) VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
            WHERE e.holder = excluded.holder OR NOT ({IsHeld}) RETURNING true
            """,
            row => row.GetBoolean(0),
            endpoint,
            holder,
            lease);
        session.Queue(
            "INSERT INTO event_lanes (endpoint, lane, position) SELECT $1, lane, $3 FROM generate_series(0, $2 - 1) lane ON CONFLICT (endpoint, lane) DO NOTHING",
            endpoint,
            (long)EventLane.Count,
            start);
        return taken;
    }

    /// <summary>Collects the statement that ends the hold of a process.</summary>
    public static void Release(PostgresSession session, string endpoint, Guid holder) => session.Queue(
        "UPDATE event_endpoints SET held_until = clock_timestamp() WHERE name = $1 AND holder = $2", endpoint, holder);

    /// <summary>Collects the query of the lanes of an endpoint.</summary>
    public static List<EventLane> AskLanes(PostgresSession session, string endpoint) => session.Ask(
        "SELECT lane, position, generation, delivered, set_aside, failing_since, attempts, fault FROM event_lanes WHERE endpoint = $1 ORDER BY lane",
        row => new EventLane
        {
            Number = (int)row.GetInt64(0),
            Position = row.GetInt64(1),
            Generation = row.GetInt64(2),
            Delivered = row.GetInt64(3),
            SetAside = row.GetInt64(4),
            FailingSince = row.IsDBNull(5) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)),
            Attempts = (int)row.GetInt64(6),
            Fault = ContentRows.ReadText(row, 7),
        },
        endpoint);

    /// <summary>
    /// Collects the statement that records a lane, unless it was set back meanwhile, or another process has taken the endpoint. It returns a row if it is recorded. A
    /// position never goes back by it, so a late statement of a process that has lost the endpoint undoes nothing.
    /// </summary>
    public static List<bool> Advance(PostgresSession session, string endpoint, Guid holder, EventLane lane) => session.Ask(
        """
        UPDATE event_lanes SET position = $5, delivered = $6, set_aside = $7, failing_since = $8::bigint, attempts = $9, fault = $10::text
        WHERE endpoint = $1 AND lane = $2 AND generation = $3 AND position <= $5 AND EXISTS (SELECT 1 FROM event_endpoints WHERE name = $1 AND holder = $4)
        RETURNING true
        """,
        row => row.GetBoolean(0),
        endpoint,
        (long)lane.Number,
        lane.Generation,
        holder,
        lane.Position,
        lane.Delivered,
        lane.SetAside,
        lane.FailingSince?.ToUnixTimeMilliseconds(),
        (long)lane.Attempts,
        lane.Fault);

    /// <summary>Collects the statement that sets all lanes of an endpoint to a position. It returns a row for each.</summary>
    public static List<bool> Replay(PostgresSession session, string endpoint, long position) => session.Ask(
        """
        UPDATE event_lanes SET position = $2, generation = generation + 1, failing_since = NULL, attempts = 0, fault = NULL WHERE endpoint = $1 RETURNING true
        """,
        row => row.GetBoolean(0),
        endpoint,
        position);

    /// <summary>Collects the statement that records the end of an event, in place of the one that is as many before as are remembered.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="delivery">The event.</param>
    /// <param name="slot">Its place.</param>
    public static void Add(PostgresSession session, string endpoint, EventDelivery delivery, long slot) => session.Queue(
        """
        INSERT INTO event_deliveries (
            endpoint, is_set_aside, lane, slot, position, kind, repository, tag, digest, at, attempts, status, fault, milliseconds)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text, $9::text, $10, $11, $12::bigint, $13::text, $14)
        ON CONFLICT (endpoint, is_set_aside, lane, slot) DO UPDATE SET position = excluded.position, kind = excluded.kind, repository = excluded.repository,
            tag = excluded.tag, digest = excluded.digest, at = excluded.at, attempts = excluded.attempts, status = excluded.status, fault = excluded.fault,
            milliseconds = excluded.milliseconds
        """,
        endpoint,
        delivery.IsSetAside,
        (long)delivery.Lane,
        slot,
        delivery.Position,
        (long)delivery.Kind,
        delivery.Repository.Value,
        delivery.Tag?.Value,
        delivery.Digest?.Value,
        delivery.Time.ToUnixTimeMilliseconds(),
        (long)delivery.Attempts,
        (long?)delivery.Status,
        delivery.Fault,
        delivery.Milliseconds);

    /// <summary>Lists the last events that have ended, the newest first.</summary>
    public static Task<List<EventDelivery>> ListAsync(PostgresSession session, string endpoint, bool areSetAside, int limit) => session.AllAsync(
        """
        SELECT lane, position, kind, repository, tag, digest, at, is_set_aside, attempts, status, fault, milliseconds FROM event_deliveries
        WHERE endpoint = $1 AND is_set_aside = $2 ORDER BY at DESC, position DESC LIMIT $3
        """,
        ReadDelivery,
        endpoint,
        areSetAside,
        limit);

    /// <summary>Collects the statements that forget endpoints that no process has held for a time in milliseconds, except some.</summary>
    public static void Forget(PostgresSession session, string[] kept, long age)
    {
        session.Queue("DELETE FROM event_endpoints WHERE name <> ALL($1) AND held_until < clock_timestamp() - $2 * interval '1 millisecond'", kept, age);
        session.Queue("DELETE FROM event_lanes l WHERE NOT EXISTS (SELECT 1 FROM event_endpoints e WHERE e.name = l.endpoint)");
        session.Queue("DELETE FROM event_deliveries d WHERE NOT EXISTS (SELECT 1 FROM event_endpoints e WHERE e.name = d.endpoint)");
    }

    private static EventDelivery ReadDelivery(NpgsqlDataReader row) => new()
    {
        Lane = (int)row.GetInt64(0),
        Position = row.GetInt64(1),
        Kind = (ChangeKind)row.GetInt64(2),
        Repository = RepositoryName.Parse(row.GetString(3)),
        Tag = ContentRows.ReadText(row, 4) is { } tag ? Tag.Parse(tag) : null,
        Digest = ContentRows.ReadText(row, 5) is { } digest ? Digest.Parse(digest) : null,
        Time = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(6)),
        IsSetAside = row.GetBoolean(7),
        Attempts = (int)row.GetInt64(8),
        Status = row.IsDBNull(9) ? null : (int)row.GetInt64(9),
        Fault = ContentRows.ReadText(row, 10),
        Milliseconds = row.GetInt64(11),
    };
}
