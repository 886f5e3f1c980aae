using System.Collections.Concurrent;
using Registry.Server.Configuration;
using Registry.Server.Transport;

namespace Registry.Server.Pipeline;

/// <summary>
/// Looks once a second at the bodies that are being received, and ends those whose clients are slow or have stopped sending. Kestrel's own limit is
/// an average over the whole request: it cuts off a pause at the beginning, and allows one of days after a gigabyte; over HTTP/2 it ends the
/// other requests of the connection as well.
/// </summary>
internal sealed class BodyWatch : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ConnectionLimits _limits;
    private readonly TimeSpan _idleTimeout;
    private readonly ConcurrentDictionary<CountingReader, TransferPace> _bodies = new();
    private readonly ITimer _timer;

    /// <param name="limits">How slow a body may be.</param>
    /// <param name="idleTimeout">How long nothing may come.</param>
    /// <param name="time">The time.</param>
    public BodyWatch(ConnectionLimits limits, TimeSpan idleTimeout, TimeProvider time)
    {
        _limits = limits;
        _idleTimeout = idleTimeout;
        _timer = time.CreateTimer(static watch => ((BodyWatch)watch!).Beat(), this, Second, Second);
    }

    /// <summary>Begins to look at a body.</summary>
    public void Add(CountingReader body) => _bodies.TryAdd(body, new TransferPace(_limits, _idleTimeout));

    /// <summary>The request is over.</summary>
    public void Remove(CountingReader body) => _bodies.TryRemove(body, out _);

    public void Dispose() => _timer.Dispose();

    private void Beat()
    {
        foreach (var (body, pace) in _bodies)
        {
            // While the server is busy with what has come, the client is not to blame.
            if (body.TakeArrived() is { } arrived && pace.Beat(arrived) is { } fault)
            {
                body.TimeOut(fault);
            }
        }
    }
}
