using System.Runtime.Versioning;

namespace Registry.Server.Transport;

/// <summary>End of a connection: its beginning, and the wait until the peer has taken what it was sent, at the pace of any slow reader.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ConnectionEnd(DirectTransport transport)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _beginning;
    private TaskCompletionSource? _taken;
    private bool _hasBegun;
    private bool _isComplete;
    private TransferPace? _pace;
    private long _acknowledgedBefore;

    /// <summary>Completes when the end begins; null when it has begun.</summary>
    public Task? Beginning
    {
        get
        {
            lock (_lock)
            {
                return _hasBegun ? null : (_beginning ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }
    }

    /// <summary>True while a wait for the peer is in progress.</summary>
    public bool IsAwaited => Volatile.Read(ref _taken) is { Task.IsCompleted: false };

    /// <summary>Begins the end: nothing more is sent.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            _hasBegun = true;
            _beginning?.TrySetResult();
        }
    }

    /// <summary>Waits until the peer has taken what it was sent. Several callers share a wait.</summary>
    public Task WaitAsync()
    {
        lock (_lock)
        {
            if (_isComplete)
            {
                return Task.CompletedTask;
            }

            if (_taken is not { Task.IsCompleted: false })
            {
                Volatile.Write(ref _taken, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            return _taken.Task;
        }
    }

    /// <summary>Ends the wait in progress.</summary>
    public void CompleteWait() => Volatile.Read(ref _taken)?.TrySetResult();

    /// <summary>Completes the end: the socket is closed, and nothing is waited for any more.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _isComplete = true;
            Begin();
            CompleteWait();
        }
    }

    /// <summary>Records what the peer has acknowledged, once a second while the connection waits for it.</summary>
    /// <param name="acknowledged">Number of bytes since the connection began.</param>
    /// <returns>Null while the peer is fast enough; otherwise the fault.</returns>
    public string? Beat(long acknowledged)
    {
        var fault = _pace?.Beat(acknowledged - _acknowledgedBefore);
        _pace ??= transport.CreatePace();
        _acknowledgedBefore = acknowledged;
        return fault;
    }

    /// <summary>Forgets the pace: the connection waits for nothing.</summary>
    public void Rest() => _pace = null;
}
