using Microsoft.AspNetCore.Http;
using Registry.Server.Configuration;
using Registry.Server.Memory;
using Registry.Server.Transport;
using Registry.Server.Transport.Output;

namespace Registry.Server.Requests;

/// <summary>
/// Response body on a stream of HTTP/2, from the first time that it waits for its client until it is sent. A stream may wait for the client's window while its
/// connection is idle or sends other streams, so the connection's own check does not notice.
/// </summary>
internal sealed class SentBody(HttpContext http, MemoryReservation? memory, ConnectionTimes limits, TimeSpan idleTimeout)
{
    private readonly TransferPace _pace = new(limits, idleTimeout);
    private readonly Lock _lock = new();
    private readonly Action _abort = http.Abort;
    private bool _isWaiting;
    private long _sent;
    private long _sentBefore;
    private long _acknowledgedBefore;

    /// <summary>Connection of the stream; null when its transport does not tell.</summary>
    public IAcknowledgedOutput? Connection { get; } = http.Features.Get<IAcknowledgedOutput>();

    /// <summary>True while a flush waits for the client.</summary>
    public bool IsWaiting => Volatile.Read(ref _isWaiting);

    /// <summary>A flush begins to wait.</summary>
    public void Wait()
    {
        Volatile.Write(ref _isWaiting, true);
        memory?.Wait(_abort);
    }

    /// <summary>A flush has ended.</summary>
    /// <param name="count">Number of bytes that the client's window has let pass.</param>
    public void Pass(int count)
    {
        memory?.GiveWay = null;
        lock (_lock)
        {
            _isWaiting = false;
            _sent += count;
        }
    }

    /// <summary>Ends the response; it is not reset any more.</summary>
    public void End()
    {
        lock (_lock)
        {
            _isWaiting = false;
        }
    }

    /// <summary>
    /// Checks the pace, once a second, and resets the stream of a slow client. Beside the stream's own bytes, its share of what the connection
    /// has brought to the peer counts: when the network is slow, the bytes of a flush wait for those of other streams.
    /// </summary>
    /// <param name="acknowledged">Number of bytes that the connection has brought to the peer; null when unknown.</param>
    /// <param name="streams">Number of streams of the connection that wait.</param>
    public void Beat(long? acknowledged, int streams)
    {
        lock (_lock)
        {
            if (!_isWaiting)
            {
                return;
            }

            var passed = _sent - _sentBefore + (acknowledged is { } now && _acknowledgedBefore > 0 ? (now - _acknowledgedBefore) / streams : 0);
            (_sentBefore, _acknowledgedBefore) = (_sent, acknowledged ?? 0);
            if (_pace.Beat(passed) is not null)
            {
                _abort();
            }
        }
    }
}
