using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;
using Registry.Server.Configuration;
using Registry.Server.Memory;
using Registry.Server.Transport;
using Registry.Server.Transport.Buffers;

namespace Registry.Server.Requests;

/// <summary>
/// Checks once a second the bodies that are being received. Ends those whose clients are slow or have stopped sending, and hands over what has
/// arrived of the others, so that a client that pauses leaves nothing in memory. Over HTTP/2, it also resets the streams of clients that do not
/// take their responses; other connections have <see cref="OutputWatch"/>.
/// </summary>
/// <remarks>
/// Kestrel's own limit is an average over the whole request: it does not tolerate a pause at the beginning, but tolerates one of days after a
/// gigabyte. Over HTTP/2 it also ends the other requests of the connection.
/// </remarks>
internal sealed class BodyWatch : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ConnectionTimes _limits;
    private readonly TimeSpan _idleTimeout;
    private readonly BlockPool? _pool;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<CountingReader, (TransferPace Pace, long StartedAt)> _bodies = new();
    private readonly ConcurrentDictionary<SentBody, bool> _sent = new();
    private readonly ITimer _timer;

    /// <param name="limits">Least rate of a body.</param>
    /// <param name="idleTimeout">Longest pause of a body.</param>
    /// <param name="pool">Memory that bodies arrive in; null when it cannot be asked.</param>
    /// <param name="time">The time.</param>
    public BodyWatch(ConnectionTimes limits, TimeSpan idleTimeout, BlockPool? pool, TimeProvider time)
    {
        _limits = limits;
        _idleTimeout = idleTimeout;
        _pool = pool;
        _time = time;
        _timer = time.CreateTimer(static watch => ((BodyWatch)watch!).Beat(), this, Second, Second);
    }

    /// <summary>True when so much memory is in use that bodies should be written as they arrive, in whatever pieces.</summary>
    public bool IsCrowded => _pool is { IsCrowded: true };

    /// <summary>Starts watching a body.</summary>
    public void Add(CountingReader body) => _bodies.TryAdd(body, (new TransferPace(_limits, _idleTimeout), _time.GetTimestamp()));

    /// <summary>Stops watching a body.</summary>
    public void Remove(CountingReader body) => _bodies.TryRemove(body, out _);

    /// <summary>Starts watching the response on a stream.</summary>
    /// <param name="http">The request.</param>
    /// <param name="memory">Memory of the stream; null when none is reserved.</param>
    public SentBody Watch(HttpContext http, MemoryReservation? memory)
    {
        var body = new SentBody(http, memory, _limits, _idleTimeout);
        _sent.TryAdd(body, true);
        return body;
    }

    /// <summary>Stops watching a response.</summary>
    public void Remove(SentBody body) => _sent.TryRemove(body, out _);

    public void Dispose() => _timer.Dispose();

    private void Beat()
    {
        foreach (var (body, (pace, startedAt)) in _bodies)
        {
            // The client is not slow while the server still processes the received bytes.
            if (body.TakeArrived() is not { } arrived)
            {
                continue;
            }

            if ((pace.Beat(arrived) ?? Lateness(body, startedAt)) is { } fault)
            {
                body.Stop(new RegistryError(RegistryErrorCode.BodyTooSlow, $"the client sent {fault}"));
            }
            else
            {
                body.HandOver();
            }
        }

        foreach (var streams in _sent.Keys.Where(body => body.IsWaiting).ToLookup(body => body.Connection))
        {
            var acknowledged = streams.Key?.Acknowledged();
            foreach (var body in streams)
            {
                body.Beat(acknowledged, streams.Count());
            }
        }
    }

    private string? Lateness(CountingReader body, long startedAt) => body.MaxTime is { } limit && _time.GetElapsedTime(startedAt) >= limit
        ? $"only {body.Arrived} bytes within {limit.TotalSeconds:0} seconds; a manifest or form must be complete by then"
        : null;
}
