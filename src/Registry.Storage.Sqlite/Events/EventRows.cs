using Microsoft.Data.Sqlite;
using Registry.Core.Changes;
using Registry.Core.Events;
using Registry.Core.Oci;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite.Events;

/// <summary>Statements about endpoints of events, inside the caller's savepoint.</summary>
internal static class EventRows
{
    /// <summary>When a process has last held an endpoint, as Unix time in milliseconds; null if the endpoint is not known.</summary>
    public static long? FindHeld(SqliteSession session, string endpoint) => session.Number("SELECT held_at FROM event_endpoints WHERE name = @1", endpoint);

    /// <summary>Records that an endpoint is held now, and begins its lanes if it has none.</summary>
    public static void Hold(SqliteSession session, string endpoint, long now, long start)
    {
        session.Execute(
            "INSERT INTO event_endpoints (name, held_at) VALUES (@1, @2) ON CONFLICT (name) DO UPDATE SET held_at = excluded.held_at", endpoint, now);
        session.Execute(
            "INSERT INTO event_lanes (endpoint, lane, position) SELECT @1, value, @3 FROM json_each(@2) WHERE true ON CONFLICT (endpoint, lane) DO NOTHING",
            endpoint,
            $"[{string.Join(',', Enumerable.Range(0, EventLane.Count))}]",
            start);
    }

    /// <summary>Reads the lanes of an endpoint.</summary>
    public static List<EventLane> ListLanes(SqliteSession session, string endpoint) => session.All(
        "SELECT lane, position, generation, delivered, set_aside, failing_since, attempts, fault FROM event_lanes WHERE endpoint = @1 ORDER BY lane",
        row => new EventLane
        {
            Number = row.GetInt32(0),
            Position = row.GetInt64(1),
            Generation = row.GetInt64(2),
            Delivered = row.GetInt64(3),
            SetAside = row.GetInt64(4),
            FailingSince = row.IsDBNull(5) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)),
            Attempts = row.GetInt32(6),
            Fault = ContentRows.ReadKey(row, 7),
        },
        endpoint);

    /// <summary>Records a lane, unless it was set back meanwhile.</summary>
    /// <returns>True if it is recorded.</returns>
    public static bool Advance(SqliteSession session, string endpoint, EventLane lane) => session.Execute(
        """
        UPDATE event_lanes SET position = @4, delivered = @5, set_aside = @6, failing_since = @7, attempts = @8, fault = @9
        WHERE endpoint = @1 AND lane = @2 AND generation = @3
        """,
        endpoint,
        (long)lane.Number,
        lane.Generation,
        lane.Position,
        lane.Delivered,
        lane.SetAside,
        lane.FailingSince?.ToUnixTimeMilliseconds(),
        (long)lane.Attempts,
        lane.Fault) > 0;

    /// <summary>Sets all lanes of an endpoint to a position.</summary>
    /// <returns>True if the endpoint is known.</returns>
    public static bool Replay(SqliteSession session, string endpoint, long position) => session.Execute(
        "UPDATE event_lanes SET position = @2, generation = generation + 1, failing_since = NULL, attempts = 0, fault = NULL WHERE endpoint = @1",
        endpoint,
        position) > 0;

    /// <summary>Records the end of an event, in place of the one that is as many before as are remembered.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="delivery">The event.</param>
    /// <param name="slot">Its place.</param>
    public static void Add(SqliteSession session, string endpoint, EventDelivery delivery, long slot) => session.Execute(
        """
        INSERT OR REPLACE INTO event_deliveries (
            endpoint, is_set_aside, lane, slot, position, kind, repository, tag, digest, at, attempts, status, fault, milliseconds)
        VALUES (@1, @2, @3, @4, @5, @6, @7, @8, @9, @10, @11, @12, @13, @14)
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
    public static List<EventDelivery> List(SqliteSession session, string endpoint, bool areSetAside, int limit) => session.All(
        """
        SELECT lane, position, kind, repository, tag, digest, at, is_set_aside, attempts, status, fault, milliseconds FROM event_deliveries
        WHERE endpoint = @1 AND is_set_aside = @2 ORDER BY at DESC, position DESC LIMIT @3
        """,
        ReadDelivery,
        endpoint,
        areSetAside,
        (long)limit);

    /// <summary>Forgets the endpoints that were last held before a time in Unix milliseconds, except those of a JSON array.</summary>
    public static void Forget(SqliteSession session, string kept, long before)
    {
        session.Execute("DELETE FROM event_endpoints WHERE held_at < @2 AND name NOT IN (SELECT value FROM json_each(@1))", kept, before);
        session.Execute("DELETE FROM event_lanes WHERE endpoint NOT IN (SELECT name FROM event_endpoints)");
        session.Execute("DELETE FROM event_deliveries WHERE endpoint NOT IN (SELECT name FROM event_endpoints)");
    }

    private static EventDelivery ReadDelivery(SqliteDataReader row) => new()
    {
        Lane = row.GetInt32(0),
        Position = row.GetInt64(1),
        Kind = (ChangeKind)row.GetInt64(2),
        Repository = RepositoryName.Parse(row.GetString(3)),
        Tag = ContentRows.ReadKey(row, 4) is { } tag ? Tag.Parse(tag) : null,
        Digest = ContentRows.ReadKey(row, 5) is { } digest ? Digest.Parse(digest) : null,
        Time = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(6)),
        IsSetAside = row.GetBoolean(7),
        Attempts = row.GetInt32(8),
        Status = row.IsDBNull(9) ? null : row.GetInt32(9),
        Fault = ContentRows.ReadKey(row, 10),
        Milliseconds = row.GetInt64(11),
    };
}
