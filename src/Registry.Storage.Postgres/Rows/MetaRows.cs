namespace Registry.Storage.Postgres.Rows;

/// <summary>Numbers about the whole database: the <c>meta</c> table.</summary>
internal static class MetaRows
{
    public const string Paused = "collection_paused_until";
    public const string Indexed = "tree_indexed";

    /// <summary>Reads all numbers.</summary>
    public static async Task<Dictionary<string, long>> ReadAsync(PostgresSession session) =>
        (await session.AllAsync("SELECT key, value FROM meta", row => KeyValuePair.Create(row.GetString(0), row.GetInt64(1)))).ToDictionary();

    /// <summary>Reads a number; null if there is none.</summary>
    public static Task<long?> ReadAsync(PostgresSession session, string key) => session.NumberAsync("SELECT value FROM meta WHERE key = $1", key);

    /// <summary>Writes a number, unless a greater one is there, and reads what is there then. Sends the collected statements.</summary>
    public static async Task<long> RaiseAsync(PostgresSession session, string key, long value) => (await session.NumberAsync(
        "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = greatest(meta.value, excluded.value) RETURNING value",
        key,
        value))!.Value;

    /// <summary>Writes a number.</summary>
    public static void Write(PostgresSession session, string key, long value) => session.Queue(
        "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value);
}
