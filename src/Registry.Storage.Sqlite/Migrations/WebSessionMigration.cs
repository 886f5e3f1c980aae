namespace Registry.Storage.Sqlite.Migrations;

/// <summary>The migration that makes the table of the log-ins to the web interface.</summary>
internal static class WebSessionMigration
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- Log-ins to the web interface. key: SHA-256 of the secret in the cookie. line: fingerprint of the user's line in the htpasswd file. begun_at, used_at: Unix time in
        -- milliseconds.
        CREATE TABLE web_sessions (
            key      BLOB PRIMARY KEY,
            user     TEXT    NOT NULL,
            line     TEXT    NOT NULL,
            begun_at INTEGER NOT NULL,
            used_at  INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX web_sessions_by_user ON web_sessions (user, begun_at);
        CREATE INDEX web_sessions_by_use ON web_sessions (used_at);
        """;
}
