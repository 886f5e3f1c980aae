namespace Registry.Core.Storage;

/// <summary>
/// Threads for system calls that block: fsync, rename, reads of cold files, SQLite. The ThreadPool has as many threads as there are cores, and
/// one slow disk must not keep it from answering requests that need no disk. The queue is bounded; callers wait for a place in it.
/// </summary>
/// <remarks>
/// The thread that became idle last takes the next work, because its stack and the caches of its core are warm. Idle threads sleep at once:
/// BlockingCollection lets them spin first, which costs more than the work when that consists of many small parts of an upload.
/// </remarks>
public sealed class StorageThreads : IDisposable
{
    private const int QueueLimit = 4096;

    private readonly Lock _lock = new();
    private readonly Queue<IWork> _queue = new();
    private readonly Stack<Worker> _idle = new();
    private readonly List<Worker> _workers = [];
    private readonly SemaphoreSlim _room = new(QueueLimit);
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

    /// <summary>Runs blocking work on one of the threads.</summary>
    /// <exception cref="StorageException">The work failed with an I/O error.</exception>
    public async Task<T> RunAsync<T>(Func<T> work)
    {
        var item = new Work<T>(work);
        await _room.WaitAsync();
        Add(item);
        return await item.Task;
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(Action work) => RunAsync(() =>
    {
        work();
        return true;
    });

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

        _room.Dispose();
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
                _queue.Enqueue(work);
            }
        }
    }

    // Returns the next work for a worker, which sleeps until there is some; null when the threads end.
    private IWork? Take(Worker worker)
    {
        lock (_lock)
        {
            if (_queue.TryDequeue(out var work))
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
                _threads._room.Release();
                work.Run();
            }
        }
    }

    private sealed class Work<T>(Func<T> work) : TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously), IWork
    {
        public void Run()
        {
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
