using System.Collections.Concurrent;

namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// Syncs of directories, shared: requests that change a directory while one sync of it runs all wait for the next one.
/// </summary>
internal sealed class DirectorySyncs(StorageThreads threads, StorageHealth health)
{
    private readonly ConcurrentDictionary<string, Turn> _turns = new(StringComparer.Ordinal);

    /// <summary>Makes durable every change that the caller has made to the names in a directory.</summary>
    public async Task SyncAsync(string directory)
    {
        while (true)
        {
            var turn = _turns.GetOrAdd(directory, _ => new Turn());
            Task wait;
            lock (turn)
            {
                if (turn.Retired)
                {
                    continue;
                }

                // A running sync may have begun before the caller's change; only one that is yet to begin covers it.
                turn.Next ??= RunAfterAsync(turn, directory, turn.Running);
                wait = turn.Next;
            }

            await wait;
            return;
        }
    }

    /// <summary>The same, on the thread of the caller and not shared.</summary>
    public void Sync(string directory)
    {
        try
        {
            DurableFile.SyncDirectory(directory);
        }
        catch (SyncException e) when (!StorageException.IsFullCode(e.HResult))
        {
            health.Fail(e.Message);
            throw;
        }
    }

    private async Task RunAfterAsync(Turn turn, string directory, Task? previous)
    {
        if (previous is not null)
        {
            await previous.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
        else
        {
            // Leave the lock of the caller before this becomes the running one.
            await Task.Yield();
        }

        Task running;
        lock (turn)
        {
            running = threads.RunAsync(() => Sync(directory));
            turn.Running = running;
            turn.Next = null;
        }

        try
        {
            await running;
        }
        finally
        {
            lock (turn)
            {
                if (ReferenceEquals(turn.Running, running))
                {
                    turn.Running = null;
                    if (turn.Next is null)
                    {
                        turn.Retired = true;
                        _turns.TryRemove(directory, out _);
                    }
                }
            }
        }
    }

    private sealed class Turn
    {
        public Task? Running { get; set; }

        public Task? Next { get; set; }

        public bool Retired { get; set; }
    }
}
