using Registry.Core.Fairness;

namespace Registry.Core.Storage;

/// <summary>
/// Threads for system calls that block: fsync, rename, reads of cold files, SQLite. The ThreadPool has as many threads as there are cores, and
/// one slow disk must not keep it from answering requests that need no disk. In the queue, the networks of the callers take turns
/// (<see cref="CurrentCaller"/>), and the registry's own work is one of them: a network with many requests delays another one by one piece of work.
/// </summary>
/// <remarks>
/// The thread that became idle last takes the next work, because its stack and the caches of its core are warm. Idle threads sleep at once:
/// BlockingCollection lets them spin first, which costs more than the work when that consists of many small parts of an upload.
/// </remarks>
public sealed class StorageThreads : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TurnQueue<IWork> _queue = new();
    private readonly Stack<Worker> _idle = new();
    private readonly List<Worker> _workers = [];
    private bool _closed;

    /// <summary>Starts the threads.</summary>
    /// <param name="name">Name of the threads in a debugger or a thread dump.</param>
    /// <param name="count">Number of threads, at least 1.</param>
    public StorageThreads(string name, int count)
    {
        for (var i = 0; i < count; i++)
        {
            _workers.Add(new Worker(this, $"{name} {i}"));
        }
    }

    private interface IWork
    {
        /// <summary>Does the work and completes its task.</summary>
        void Run();
    }

    /// <summary>Number of busy threads.</summary>
    public int Busy
    {
        get
        {
            lock (_lock)
            {
                return _workers.Count - _idle.Count;
            }
        }
    }

    /// <summary>Number of pieces of work of a network that wait for a thread.</summary>
    public int CountWaiting(ClientNetwork network)
    {
        lock (_lock)
        {
            return _queue.CountOf(network);
        }
    }

    /// <summary>Runs blocking work on one of the threads.</summary>
    /// <exception cref="StorageException">The work failed with an I/O error.</exception>
    public Task<T> RunAsync<T>(Func<T> work) => RunCancellableAsync(work, CancellationToken.None);

    /// <inheritdoc cref="RunAsync{T}(Func{T})"/>
    public Task RunAsync(Action work) => RunCancellableAsync(work, CancellationToken.None);

    /// <summary>Runs blocking work on one of the threads, unless it is cancelled before it begins. Work that has begun is finished.</summary>
    /// <inheritdoc cref="RunAsync{T}(Func{T})"/>
    public Task<T> RunCancellableAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        var item = new Work<T>(work, cancellationToken);
        Add(item);
        return item.Task;
    }

    /// <inheritdoc cref="RunCancellableAsync{T}(Func{T}, CancellationToken)"/>
    public Task RunCancellableAsync(Action work, CancellationToken cancellationToken) => RunCancellableAsync(() =>
    {
        work();
        return true;
    }, cancellationToken);

    /// <summary>Finishes the queued work and ends the threads.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            while (_idle.TryPop(out var worker))
            {
                worker.Give(null);
            }
        }

        foreach (var worker in _workers)
        {
            worker.Join();
        }
    }

    private void Add(IWork work)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_idle.TryPop(out var worker))
            {
                worker.Give(work);
            }
            else
            {
                _queue.Add(CurrentCaller.Network, work);
            }
        }
    }

    // Returns the next work for a worker, which sleeps until there is some; null when the threads end.
    private IWork? Take(Worker worker)
    {
        lock (_lock)
        {
            if (_queue.TryTake(out var work))
            {
                return work;
            }

            if (_closed)
            {
                return null;
            }

            _idle.Push(worker);
        }

        return worker.Wait();
    }

    private sealed class Worker
    {
        private readonly object _given = new();
        private readonly StorageThreads _threads;
        private readonly Thread _thread;
        private IWork? _work;
        private bool _isGiven;

        public Worker(StorageThreads threads, string name)
        {
            _threads = threads;
            _thread = new Thread(Run) { IsBackground = true, Name = name };
            _thread.Start();
        }

        public void Join() => _thread.Join();

        /// <summary>Wakes an idle worker; null ends it.</summary>
        public void Give(IWork? work)
        {
            lock (_given)
            {
                _work = work;
                _isGiven = true;
                Monitor.Pulse(_given);
            }
        }

        public IWork? Wait()
        {
            lock (_given)
            {
                while (!_isGiven)
                {
                    Monitor.Wait(_given);
                }

                _isGiven = false;
                return _work;
            }
        }

        private void Run()
        {
            while (_threads.Take(this) is { } work)
            {
                work.Run();
            }
        }
    }

    private sealed class Work<T>(Func<T> work, CancellationToken cancellationToken) : TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously), IWork
    {
        public void Run()
        {
            if (cancellationToken.IsCancellationRequested)
            {
                SetCanceled(cancellationToken);
                return;
            }

            try
            {
                SetResult(work());
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                SetException(new StorageException(e.Message, e));
            }
            catch (Exception e)
            {
                SetException(e);
            }
        }
    }
}
