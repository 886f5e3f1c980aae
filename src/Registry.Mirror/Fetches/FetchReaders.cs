namespace Registry.Mirror.Fetches;

/// <summary>Readers of a fetch. Without one, it pauses after half a minute, and ends after five minutes more.</summary>
/// <param name="time">The clock.</param>
internal sealed class FetchReaders(TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private TaskCompletionSource _came = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;
    private bool _isClosed;
    private long _leftAt = time.GetTimestamp();

    /// <summary>Number of readers.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>True if no reader has been there for so long that nothing more is to be asked for.</summary>
    public bool IsDeserted
    {
        get
        {
            lock (_lock)
            {
                return _count == 0 && time.GetElapsedTime(_leftAt) >= Patience;
            }
        }
    }

    /// <summary>Adds a reader, until the result is disposed. Null when the fetch ends, since none has come for too long.</summary>
    public IDisposable? TryEnter()
    {
        TaskCompletionSource came;
        lock (_lock)
        {
            if (_isClosed)
            {
                return null;
            }

            _count++;
            came = _came;
        }

        came.TrySetResult();
        return new Reader(this);
    }

    /// <summary>Waits for a reader. When none has come, no other can come any more.</summary>
    /// <exception cref="OperationCanceledException">None has come.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        Task came;
        lock (_lock)
        {
            if (_count > 0)
            {
                return;
            }

            _came = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            came = _came.Task;
        }

        try
        {
            await came.WaitAsync(Longest, time, cancellationToken);
        }
        catch (TimeoutException e)
        {
            lock (_lock)
            {
                // One may have come at this moment.
                if (_count == 0)
                {
                    _isClosed = true;
                    throw new OperationCanceledException("No reader has come.", e);
                }
            }
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            _count--;
            _leftAt = time.GetTimestamp();
        }
    }

    private sealed class Reader(FetchReaders readers) : IDisposable
    {
        private FetchReaders? _readers = readers;

        public void Dispose() => Interlocked.Exchange(ref _readers, null)?.Leave();
    }
}
