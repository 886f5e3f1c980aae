using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>
/// Overwrites free pages of the database, and empties its write-ahead log: both have the bytes of rows that were removed. What was removed from pages in use is overwritten
/// already (<c>secure_delete = FAST</c>).
/// </summary>
internal sealed class DatabaseScrub(SqliteDatabase database)
{
    /// <summary>Creates the table of zeros, which exists only during a scrub.</summary>
    internal const string CreateTable = "CREATE TABLE IF NOT EXISTS scrub (id INTEGER PRIMARY KEY, zeros BLOB NOT NULL)";

    // 4 MiB of the log, some 20 ms of the writer.
    private const int PagesPerTurn = 1024;

    // Of a page, the link to the next one takes four.
    private const int BytesInPage = 4092;

    // Together a second: queries take milliseconds, a backup takes longer than anybody waits.
    private const int LogAttempts = 20;

    private static readonly TimeSpan LogPause = TimeSpan.FromMilliseconds(50);

    private Task _last = Task.CompletedTask;

    /// <summary>Scrubs the database, after any scrub in progress has ended.</summary>
    /// <returns>False if a reader has kept the log from being emptied.</returns>
    public async Task<bool> RunAsync()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var before = Interlocked.Exchange(ref _last, ended.Task);
        try
        {
            await before;
            await OverwriteFreePagesAsync();
            return await EmptyLogAsync();
        }
        finally
        {
            ended.SetResult();
        }
    }

    // Rows of zeros take the free pages, as many as there are now, and give them back. What a process that was killed has left of them goes with the rest.
    private async Task OverwriteFreePagesAsync()
    {
        var turn = new WriteTurn(default, PagesPerTurn);
        var free = (await database.WriteAsync<long>(session =>
        {
            session.Execute(CreateTable);
            return FreePages(session);
        })).Value;
        for (var taken = 0L; taken < free; taken += PagesPerTurn)
        {
            await database.WriteAsync(
                session => session.Execute("INSERT INTO scrub (zeros) VALUES (zeroblob(@1))", Math.Min(FreePages(session), PagesPerTurn) * BytesInPage), turn);
        }

        while ((await database.WriteAsync<int>(session => session.Execute("DELETE FROM scrub WHERE id = (SELECT MIN(id) FROM scrub)"), turn)).Value > 0)
        {
        }

        await database.WriteAsync(session => session.Execute("DROP TABLE scrub"));
    }

    // A reader that began before the last change needs the log.
    private async Task<bool> EmptyLogAsync()
    {
        for (var attempt = 0; attempt < LogAttempts; attempt++)
        {
            if (await database.ReadAsync(session => session.First("PRAGMA wal_checkpoint(TRUNCATE)", row => row.GetInt64(0))) == 0)
            {
                return true;
            }

            await Task.Delay(LogPause);
        }

        return false;
    }

    private static long FreePages(SqliteSession session) => session.Number("PRAGMA freelist_count") ?? 0;
}
