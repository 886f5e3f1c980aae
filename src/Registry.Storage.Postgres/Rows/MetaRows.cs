using Registry.Core.Objects;

namespace Registry.Storage.Postgres.Rows;

/// <summary>Numbers about the whole database: the <c>meta</c> table.</summary>
internal static class MetaRows
{
    public const string Paused = "collection_paused_until";
    public const string Indexed = "tree_indexed";
    private const string NewestMark = "store_mark";
    private const string PreviousMark = "store_mark_before";

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

    /// <summary>Reads the marks of the store.</summary>
    public static async Task<StoreMarks> ReadMarksAsync(PostgresSession session)
    {
        var meta = await ReadAsync(session);
        return new StoreMarks(meta.GetValueOrDefault(NewestMark), meta.GetValueOrDefault(PreviousMark));
    }

    /// <summary>Adds a mark of the store, unless another transaction has.</summary>
    /// <returns>A row if it is added.</returns>
    public static List<bool> AddMark(PostgresSession session, long newest, long next)
    {
        session.Queue("INSERT INTO meta (key, value) VALUES ($1, 0), ($2, 0) ON CONFLICT (key) DO NOTHING", NewestMark, PreviousMark);
        return session.Ask(
            """
            WITH added AS (UPDATE meta SET value = $4 WHERE key = $1 AND value = $3 RETURNING key)
            UPDATE meta SET value = $3 WHERE key = $2 AND EXISTS (SELECT 1 FROM added) RETURNING true
            """,
            row => row.GetBoolean(0),
            NewestMark,
            PreviousMark,
            newest,
            next);
    }
}
