namespace Registry.Storage.Postgres.Schema;

/// <summary>The step that makes the table of the log-ins to the web interface.</summary>
internal static class WebSessionTables
{
    /// <summary>Its statements.</summary>
    public const string Sql =
        """
        -- Log-ins to the web interface. key: SHA-256 of the secret in the cookie. account: the user. line: fingerprint of the user's line in the htpasswd file. begun_at,
        -- used_at: Unix time in milliseconds.
        CREATE TABLE web_sessions (
            key      bytea  PRIMARY KEY,
            account  text   NOT NULL COLLATE "C",
            line     text   NOT NULL,
            begun_at bigint NOT NULL,
            used_at  bigint NOT NULL
        );
        CREATE INDEX web_sessions_by_account ON web_sessions (account, begun_at, key);
        CREATE INDEX web_sessions_by_use ON web_sessions (used_at);
        """;
}
