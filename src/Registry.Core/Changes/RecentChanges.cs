using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Registry.Core.Storage;

namespace Registry.Core.Changes;

/// <summary>
/// The changes of the history (<see cref="RegistryChange.IsHistory"/>) for any number of readers, each at a position of its own. The last ones are in memory, and are read from the feed once
/// for all readers; a reader that is further behind reads pages of the feed. So nothing grows with what a reader is behind. Without a reader, the feed is not read.
/// </summary>
/// <param name="feed">The feed.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
public sealed partial class RecentChanges(IChangeFeed feed, TimeProvider time, ILogger<RecentChanges> logger) : IAsyncDisposable
{
    /// <summary>Number of changes in memory: about 1 MiB.</summary>
    internal const int Kept = 1000;

    private const int ReadAtOnce = 500;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly List<RegistryChange> _changes = [];
    private readonly Channel<bool> _recorded = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopping = new();
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _reading = Task.CompletedTask;
    private int _readers;

    // Memory has all changes after the first position and up to the second one; none without a reader.
    private long _begin = long.MaxValue;
    private long _end = long.MaxValue;

    /// <summary>True once nothing is read any more, because the registry stops.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Begins to read. Every reader does so before it reads, and disposes the result.</summary>
    /// <exception cref="StorageException">The storage fails.</exception>
    public async Task<IDisposable> BeginAsync()
    {
        var end = await feed.FindEndAsync();
        lock (_lock)
        {
            if (_readers++ == 0)
            {
                _changes.Clear();
                _begin = _end = end;
                feed.Recorded += OnRecorded;
                if (_reading.IsCompleted)
                {
                    _reading = Task.Run(ReadOnAsync);
                }
            }
        }

        // What was recorded between the two.
        OnRecorded();
        return new Reader(this);
    }

    /// <summary>Reads changes after a position: at most a number, none if there are none yet.</summary>
    /// <exception cref="StorageException">The storage fails.</exception>
    public async Task<ChangePage> ReadAsync(long after, int limit)
    {
        lock (_lock)
        {
            if (after >= _begin)
            {
                return ReadMemory(after, limit);
            }
        }

        return await ReadStoredAsync(after, limit);
    }

    /// <summary>
    /// Reads changes after a position as they are stored: all of a mutation are there, up to the limit. What is in memory may end within one, until the next are read.
    /// </summary>
    /// <exception cref="StorageException">The storage fails.</exception>
    public async Task<ChangePage> ReadStoredAsync(long after, int limit)
    {
        var changes = await feed.ReadAsync(after, limit);
        return new ChangePage([.. changes.Where(change => change.IsHistory)], changes.Count == 0 ? after : changes[^1].Sequence);
    }

    /// <summary>Waits until there may be a change after a position, for a time at most.</summary>
    /// <param name="after">The position, up to which the caller has read.</param>
    /// <param name="longest">The time.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the time is over.</returns>
    public async Task<bool> WaitAsync(long after, TimeSpan longest, CancellationToken cancellationToken)
    {
        Task news;
        lock (_lock)
        {
            if (after < _end)
            {
                return true;
            }

            news = _news.Task;
        }

        try
        {
            await news.WaitAsync(longest, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Ends the reading.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync();
            await _reading;
        }
    }

    private ChangePage ReadMemory(long after, int limit)
    {
        var (first, above) = (0, _changes.Count);
        while (first < above)
        {
            var middle = (first + above) / 2;
            (first, above) = _changes[middle].Sequence > after ? (first, middle) : (middle + 1, above);
        }

        var changes = _changes.GetRange(first, Math.Min(limit, _changes.Count - first));
        return new ChangePage(changes, first + changes.Count < _changes.Count ? changes[^1].Sequence : Math.Max(after, _end));
    }

    private void OnRecorded() => _recorded.Writer.TryWrite(true);

    private async Task ReadOnAsync()
    {
        try
        {
            while (await _recorded.Reader.ReadAsync(_stopping.Token))
            {
                try
                {
                    while (TryFindEnd(out var end) && await feed.ReadAsync(end, ReadAtOnce) is { Count: > 0 } changes)
                    {
                        Take(end, changes);
                    }
                }
                catch (StorageException e)
                {
                    LogFault(e.Message.TrimEnd('.'));
                    await Task.Delay(Pause, time, _stopping.Token);
                    OnRecorded();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The registry stops.
        }
    }

    // False without a reader.
    private bool TryFindEnd(out long end)
    {
        lock (_lock)
        {
            end = _end;
            return _readers > 0;
        }
    }

    private void Take(long end, IReadOnlyList<RegistryChange> changes)
    {
        TaskCompletionSource news;
        lock (_lock)
        {
            if (end != _end)
            {
                // The last reader has ended meanwhile, and another one begun.
                return;
            }

            _changes.AddRange(changes.Where(change => change.IsHistory));
            _end = changes[^1].Sequence;
            if (_changes.Count > 2 * Kept)
            {
                _begin = _changes[^(Kept + 1)].Sequence;
                _changes.RemoveRange(0, _changes.Count - Kept);
            }

            news = _news;
            _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        news.SetResult();
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_readers == 0)
            {
                feed.Recorded -= OnRecorded;
                _changes.Clear();
                _begin = _end = long.MaxValue;
            }
        }
    }

    private sealed class Reader(RecentChanges changes) : IDisposable
    {
        private int _isDisposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            {
                changes.Leave();
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The changes cannot be read, so events wait: {Reason}. The registry tries again")]
    private partial void LogFault(string reason);
}
