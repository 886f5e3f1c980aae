namespace Registry.Storage.Sqlite.Migrations;

/// <summary>The migration that makes what events need.</summary>
internal static class EventMigration
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- Another number after a restore, since positions of changes are then used again: 48 bits.
        INSERT INTO meta (key, value) VALUES ('changes_epoch', random() & 281474976710655);

        -- Endpoints to which events are sent. held_at: when a process has last held it, as Unix time in milliseconds.
        CREATE TABLE event_endpoints (
            name    TEXT PRIMARY KEY,
            held_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- How far each lane of an endpoint was sent. position: of the last change that is done with. generation: number of times that it was set back. failing_since: first failed
        -- attempt since the last success, as Unix time in milliseconds. attempts, fault: of the next event.
        CREATE TABLE event_lanes (
            endpoint      TEXT    NOT NULL,
            lane          INTEGER NOT NULL,
            position      INTEGER NOT NULL,
            generation    INTEGER NOT NULL DEFAULT 0,
            delivered     INTEGER NOT NULL DEFAULT 0,
            set_aside     INTEGER NOT NULL DEFAULT 0,
            failing_since INTEGER,
            attempts      INTEGER NOT NULL DEFAULT 0,
            fault         TEXT,
            PRIMARY KEY (endpoint, lane)
        ) STRICT, WITHOUT ROWID;

        -- The last events of each lane that have ended. slot: number of the event in its lane, modulo the number of those that are remembered. at: Unix time in milliseconds.
        CREATE TABLE event_deliveries (
            endpoint     TEXT    NOT NULL,
            is_set_aside INTEGER NOT NULL,
            lane         INTEGER NOT NULL,
            slot         INTEGER NOT NULL,
            position     INTEGER NOT NULL,
            kind         INTEGER NOT NULL,
            repository   TEXT    NOT NULL,
            tag          TEXT,
            digest       TEXT,
            at           INTEGER NOT NULL,
            attempts     INTEGER NOT NULL,
            status       INTEGER,
            fault        TEXT,
            milliseconds INTEGER NOT NULL,
            PRIMARY KEY (endpoint, is_set_aside, lane, slot)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX event_deliveries_by_time ON event_deliveries (endpoint, is_set_aside, at, position);
        """;
}
