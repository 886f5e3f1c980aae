using Registry.Core.Errors;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Connections;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres.Nodes;

/// <summary>
/// What a process does all the time: it passes the change feed on ten times a second, renews its row and counts the clock of grace periods each second, and adds up the
/// totals when it has the turn.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="countsTime">True to count the clock, false to read it.</param>
/// <param name="metrics">Receives the number of processes that run.</param>
internal sealed class Heartbeat(PostgresDatabase database, bool countsTime, PostgresMetrics metrics) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // The clock, and the row of the process.
    private const int BeatsPerSecond = 10;

    // A fold begins soon after the turn is free.
    private const int BeatsPerFold = 100;

    private static readonly TimeSpan FoldPeriod = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stop = new();
    private Task _beats = Task.CompletedTask;

    /// <summary>Reads the clock, and begins to beat.</summary>
    /// <exception cref="StorageException">The database cannot be used.</exception>
    public async Task BeginAsync()
    {
        await CountTimeAsync();
        _beats = BeatAsync();
    }

    /// <summary>Renews the row of the process, and counts the processes that run.</summary>
    /// <exception cref="StorageException">The database cannot be written.</exception>
    public async Task RenewAsync()
    {
        var running = await database.WriteAsync<List<long>>(
            session =>
            {
                ProcessRows.Renew(session, database.Process);
                return Task.FromResult<Result<List<long>>>(ProcessRows.Count(session));
            },
            isDurable: false);
        metrics.Counted(running.Value[0]);
    }

    /// <summary>Waits for the beat that is in progress, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _beats;
        _stop.Dispose();
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            for (var beat = 0; await timer.WaitForNextTickAsync(_stop.Token); beat++)
            {
                try
                {
                    await database.PassFeedAsync();
                    if (beat % BeatsPerSecond == 0)
                    {
                        await RenewAsync();
                        await CountTimeAsync();
                    }

                    if (beat % BeatsPerFold == 0 && await database.TakeTurnAsync("totals", FoldPeriod))
                    {
                        await database.FoldTotalsAsync();
                    }
                }
                catch (StorageException)
                {
                    // The next beat tries again. Requests report the fault.
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task CountTimeAsync()
    {
        var read = await database.WriteAsync<long>(
            async session =>
            {
                var now = countsTime ? ClockRows.Advance(session) : ClockRows.Read(session);
                await session.SendAsync();
                return now[0];
            },
            isDurable: false);
        database.CountedClock.Observe(read.Value);
    }
}
