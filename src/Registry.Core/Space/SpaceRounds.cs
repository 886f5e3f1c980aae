using Microsoft.Extensions.Logging;
using Registry.Core.Storage;

namespace Registry.Core.Space;

/// <summary>
/// Computes the space of all repositories in rounds. A round reads all stored content once, in pages, and rests after each page for as long as the page has taken, so it
/// uses half of a processor at most. What changes meanwhile is counted as it was or as it is. A round that is stopped saves nothing, and the next one begins again.
/// </summary>
/// <param name="metadata">Metadata that is read, and the results.</param>
/// <param name="uploads">Counts the received bytes of the uploads in progress.</param>
/// <param name="clock">Clock of the period.</param>
/// <param name="period">Running time from round to round; zero for rounds only when they are asked for.</param>
/// <param name="time">The wall clock.</param>
/// <param name="logger">The log.</param>
public sealed partial class SpaceRounds(
    ISpaceMetadata metadata, Func<ValueTask<long>> uploads, IGraceClock clock, TimeSpan period, TimeProvider time, ILogger<SpaceRounds> logger)
{
    /// <summary>Interval at which to ask whether a round is due.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // As long as the changes of tags.
    private const int KeptDays = 400;

    private const int PageSize = 1000;

    // In one change of the metadata, which others wait for.
    private const int SavedAtOnce = 200;

    // Without a period, the figures may be so old when they are asked for.
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestTurn = TimeSpan.FromMinutes(10);

    // Figures that are looked at are computed anew as soon as a hundredth of the time goes to it.
    private const int Rest = 100;

    private long _checkedAt = time.GetTimestamp();
    private int _isAsked;

    // Duration of the last round of this process, in ticks; 0 before the first one.
    private long _cost;

    /// <summary>Time for which one process has the turn. A round of another process that takes longer is made twice, which harms nothing.</summary>
    public TimeSpan Turn => period == TimeSpan.Zero ? Fresh : period < LongestTurn ? period : LongestTurn;

    /// <summary>
    /// Asks for a round if there is none, and if the last one is a minute old, or older: without a period, and when the last round of this process took so little that rounds take a
    /// hundredth of the time at most. So a small registry shows what was pushed a minute ago, whatever its period is. Waits for nothing.
    /// </summary>
    /// <param name="last">Sums of the last round; null if there is none.</param>
    /// <returns>True if a round was asked for.</returns>
    public bool Ask(SpaceSums? last)
    {
        var cost = Interlocked.Read(ref _cost);
        var isAsked = last is null || (IsOlder(last, Fresh) && (period == TimeSpan.Zero || (cost > 0 && IsOlder(last, TimeSpan.FromTicks(cost * Rest)))));
        if (isAsked)
        {
            Volatile.Write(ref _isAsked, 1);
        }

        return isAsked;
    }

    /// <summary>True if a round was asked for since the last call, or the period has passed.</summary>
    public async Task<bool> IsDueAsync()
    {
        if (Interlocked.Exchange(ref _isAsked, 0) == 1)
        {
            return true;
        }

        if (period == TimeSpan.Zero || time.GetElapsedTime(_checkedAt) < (period < Fresh ? period : Fresh))
        {
            return false;
        }

        _checkedAt = time.GetTimestamp();
        return await FindLastAsync() is not { } last || IsOlder(last, period);
    }

    /// <summary>Finds the sums of the last round; null if there is none.</summary>
    public async Task<SpaceSums?> FindLastAsync() => (await metadata.ReadDaysAsync()).MaxBy(sums => sums.Round);

    /// <summary>Runs a round.</summary>
    /// <returns>Its sums.</returns>
    /// <exception cref="OperationCanceledException">The round was stopped, and has saved nothing of its sums.</exception>
    public async Task<SpaceSums> RunAsync(CancellationToken cancellationToken)
    {
        var startedAt = time.GetTimestamp();
        var round = new SpaceSums
        {
            Round = (await FindLastAsync())?.Round + 1 ?? 1,
            At = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds()),
            Clock = clock.Now,
            Uploads = await uploads(),
        };
        var tally = new SpaceTally();
        for (long? position = 0; position is { } after;)
        {
            var pageAt = time.GetTimestamp();
            var page = await metadata.ReadContentAsync(after, PageSize);
            tally.Add(page);
            position = page.Contents.Count == PageSize ? page.Contents[^1].Id : null;
            await Task.Delay(time.GetElapsedTime(pageAt), time, cancellationToken);
        }

        await SaveAsync(tally.Repositories, cancellationToken);
        var sums = tally.Complete(round);
        await metadata.SaveSumsAsync(sums, KeptDays);
        var took = time.GetElapsedTime(startedAt);
        Interlocked.Exchange(ref _cost, Math.Max(took.Ticks, 1));
        LogComputed(sums.Repositories, sums.Stored, (long)took.TotalMilliseconds);
        return sums;
    }

    private async Task SaveAsync(IReadOnlyList<RepositorySpace> repositories, CancellationToken cancellationToken)
    {
        var after = 0L;
        foreach (var chunk in repositories.Chunk(SavedAtOnce))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await metadata.SaveRepositoriesAsync(after, chunk[^1].RepositoryId, chunk);
            after = chunk[^1].RepositoryId;
        }

        await metadata.SaveRepositoriesAsync(after, long.MaxValue, []);
    }

    // After a crash, the clock may be behind the round.
    private bool IsOlder(SpaceSums last, TimeSpan age) => clock.Now - last.Clock >= (long)age.TotalSeconds || clock.Now < last.Clock;

    [LoggerMessage(1, LogLevel.Debug, "Space computed: repositories: {Repositories}, bytes stored: {Stored}, milliseconds: {Milliseconds}")]
    private partial void LogComputed(long repositories, long stored, long milliseconds);
}
