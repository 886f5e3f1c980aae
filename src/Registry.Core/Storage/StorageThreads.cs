using System.Collections.Concurrent;

namespace Registry.Core.Storage;

/// <summary>
/// A few threads for system calls that block: fsync, rename, reads of cold files, SQLite. The ThreadPool has as many threads as there are
/// cores, and one slow disk must not stop it from answering requests that need no disk. The queue is bounded; callers wait for room in it.
/// </summary>
public sealed class StorageThreads : IDisposable
{
    private const int QueueLimit = 4096;

    private readonly BlockingCollection<Action> _queue = [];
    private readonly SemaphoreSlim _room = new(QueueLimit);
    private readonly List<Thread> _threads = [];
    private bool _disposed;

    /// <summary>Starts the threads.</summary>
    /// <param name="name">What they are called in a debugger or a thread dump.</param>
    /// <param name="count">How many, at least 1.</param>
    public StorageThreads(string name, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var thread = new Thread(Work) { IsBackground = true, Name = $"{name} {i}" };
            thread.Start();
            _threads.Add(thread);
        }
    }

    /// <summary>Runs blocking work on one of the threads.</summary>
    /// <exception cref="StorageException">The work failed with an I/O error.</exception>
    public async Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _room.WaitAsync();
        _queue.Add(() =>
        {
            _room.Release();
            try
            {
                done.SetResult(work());
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                done.SetException(new StorageException(e.Message, e));
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return await done.Task;
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(Action work) => RunAsync(() =>
    {
        work();
        return true;
    });

    /// <summary>Finishes what is queued and ends the threads.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _queue.CompleteAdding();
        foreach (var thread in _threads)
        {
            thread.Join();
        }

        _queue.Dispose();
        _room.Dispose();
    }

    private void Work()
    {
        foreach (var work in _queue.GetConsumingEnumerable())
        {
            work();
        }
    }
}
