using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Registry.Core.Changes;
using Registry.Core.Storage;

namespace Registry.Core.Activity;

/// <summary>
/// Passes the changes of the feed on to readers as they are recorded. Reads the feed once for all readers, and not at all without one. A reader that is too slow is cut off: it never holds up a
/// push, or another reader.
/// </summary>
/// <param name="feed">The feed.</param>
/// <param name="logger">The log.</param>
public sealed partial class ActivityNews(IChangeFeed feed, ILogger<ActivityNews> logger) : IAsyncDisposable
{
    /// <summary>Greatest number of changes that a reader is behind, before it is cut off.</summary>
    public const int MaxBehind = 256;

    private const int ReadAtOnce = 500;

    private readonly Lock _lock = new();
    private readonly HashSet<ActivityReader> _readers = [];
    private readonly Channel<bool> _recorded = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private Task _passing = Task.CompletedTask;
    private bool _isEnded;

    /// <summary>Opens a reader of what happens from now on. The caller disposes it.</summary>
    /// <param name="after">Position of the last change that the caller has got; null for none. A reader that is far behind gets no earlier changes.</param>
    /// <exception cref="StorageException">The storage fails.</exception>
    public async Task<ActivityReader> OpenAsync(long? after = null)
    {
        var end = await feed.FindEndAsync();
        var reader = new ActivityReader(after < end && after > end - MaxBehind ? after.Value : end, MaxBehind, Remove);
        lock (_lock)
        {
            if (_isEnded)
            {
                reader.End();
                return reader;
            }

            _readers.Add(reader);
            if (_readers.Count == 1)
            {
                feed.Recorded += OnRecorded;
            }

            if (_passing.IsCompleted)
            {
                _passing = Task.Run(PassAsync);
            }
        }

        // What was recorded between the two.
        OnRecorded();
        return reader;
    }

    /// <summary>Ends all readers. Nothing can be read any more.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _isEnded = true;
            EndAll();
        }

        await _passing;
    }

    private void OnRecorded() => _recorded.Writer.TryWrite(true);

    private void Remove(ActivityReader reader)
    {
        lock (_lock)
        {
            if (_readers.Remove(reader) && _readers.Count == 0)
            {
                feed.Recorded -= OnRecorded;

                // Wakes the task, which ends.
                OnRecorded();
            }
        }
    }

    private void EndAll()
    {
        foreach (var reader in _readers.ToList())
        {
            reader.End();
            Remove(reader);
        }
    }

    private async Task PassAsync()
    {
        try
        {
            while (await _recorded.Reader.ReadAsync() && TryFindPosition(out var position))
            {
                while (await feed.ReadAsync(position, ReadAtOnce) is { Count: > 0 } changes)
                {
                    position = changes[^1].Sequence;
                    Pass(changes);
                }
            }
        }
        catch (StorageException e)
        {
            // Clients come again, and are told then.
            LogFault(e.Message);
            lock (_lock)
            {
                EndAll();
                _passing = Task.CompletedTask;
            }
        }
    }

    // The position of the reader that is behind most. False if there is none, under the lock that begins the next task.
    private bool TryFindPosition(out long position)
    {
        lock (_lock)
        {
            position = _readers.Count == 0 ? 0 : _readers.Min(reader => reader.Position);
            if (_readers.Count > 0)
            {
                return true;
            }

            _passing = Task.CompletedTask;
            return false;
        }
    }

    private void Pass(IReadOnlyList<RegistryChange> changes)
    {
        lock (_lock)
        {
            foreach (var reader in _readers.ToList())
            {
                if (!reader.TryPass(changes))
                {
                    Remove(reader);
                }
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "live activity has stopped, since the changes cannot be read: {Reason}; pages that show it connect again by themselves")]
    private partial void LogFault(string reason);
}
