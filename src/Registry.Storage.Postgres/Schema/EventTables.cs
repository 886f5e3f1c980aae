namespace Registry.Storage.Postgres.Schema;

/// <summary>The step that makes what events need.</summary>
internal static class EventTables
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- Another number in another database, since positions of changes are used there for others: 48 bits.
        INSERT INTO meta (key, value) VALUES ('changes_epoch', floor(random() * 281474976710656)::bigint);

        -- Endpoints to which events are sent. holder: the process that has last held it, until held_until by the clock of the server.
        CREATE TABLE event_endpoints (
            name       text        PRIMARY KEY COLLATE "C",
            holder     uuid        NOT NULL,
            held_until timestamptz NOT NULL
        );

        -- How far each lane of an endpoint was sent. position: of the last change that is done with. generation: number of times that it was set back. failing_since: first failed
        -- attempt since the last success, as Unix time in milliseconds. attempts, fault: of the next event.
        CREATE TABLE event_lanes (
            endpoint      text   NOT NULL COLLATE "C",
            lane          bigint NOT NULL,
            position      bigint NOT NULL,
            generation    bigint NOT NULL DEFAULT 0,
            delivered     bigint NOT NULL DEFAULT 0,
            set_aside     bigint NOT NULL DEFAULT 0,
            failing_since bigint,
            attempts      bigint NOT NULL DEFAULT 0,
            fault         text,
            PRIMARY KEY (endpoint, lane)
        );

        -- The last events of each lane that have ended. slot: number of the event in its lane, modulo the number of those that are remembered. at: Unix time in milliseconds.
        CREATE TABLE event_deliveries (
            endpoint     text    NOT NULL COLLATE "C",
            is_set_aside boolean NOT NULL,
            lane         bigint  NOT NULL,
            slot         bigint  NOT NULL,
            position     bigint  NOT NULL,
            kind         bigint  NOT NULL,
            repository   text    NOT NULL,
            tag          text,
            digest       text,
            at           bigint  NOT NULL,
            attempts     bigint  NOT NULL,
            status       bigint,
            fault        text,
            milliseconds bigint  NOT NULL,
            PRIMARY KEY (endpoint, is_set_aside, lane, slot)
        );
        CREATE INDEX event_deliveries_by_time ON event_deliveries (endpoint, is_set_aside, at, position);
        """;
}
