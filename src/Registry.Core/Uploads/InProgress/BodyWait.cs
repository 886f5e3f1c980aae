using System.IO.Pipelines;

namespace Registry.Core.Uploads.InProgress;

/// <summary>Wait of one request for the bytes of its body, which another request may end.</summary>
/// <param name="time">Clock of the silence.</param>
internal sealed class BodyWait(TimeProvider time)
{
    private readonly Lock _lock = new();
    private PipeReader? _waiting;
    private bool _isTakenOver;
    private long _lastArrival = time.GetTimestamp();

    /// <summary>Time since the last byte arrived; null while the server does not wait for the client.</summary>
    public TimeSpan? Silence
    {
        get
        {
            lock (_lock)
            {
                return _waiting is null ? null : time.GetElapsedTime(_lastArrival);
            }
        }
    }

    /// <summary>Notes that bytes have arrived.</summary>
    public void Arrived()
    {
        lock (_lock)
        {
            _lastArrival = time.GetTimestamp();
        }
    }

    /// <summary>Begins to wait for a read.</summary>
    public void Begin(PipeReader body)
    {
        lock (_lock)
        {
            _waiting = body;
        }
    }

    /// <summary>Ends the wait for a read.</summary>
    /// <returns>True if another request has taken over.</returns>
    public bool End()
    {
        lock (_lock)
        {
            _waiting = null;
            return _isTakenOver;
        }
    }

    /// <summary>Ends the request, if it has waited in silence for so long.</summary>
    public bool TryTakeOver(TimeSpan silence)
    {
        lock (_lock)
        {
            if (_waiting is not { } body || time.GetElapsedTime(_lastArrival) < silence)
            {
                return false;
            }

            // Within the lock: afterwards, the reader may belong to the next request of the connection.
            _isTakenOver = true;
            body.CancelPendingRead();
            return true;
        }
    }
}
