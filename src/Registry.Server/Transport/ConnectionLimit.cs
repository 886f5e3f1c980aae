using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Registry.Core.Fairness;
using Registry.Server.Telemetry.Logs;

namespace Registry.Server.Transport;

/// <summary>
/// Limits the open connections of a server, on every transport. At the limit, a new connection gets the place of the newest one of the network that
/// has most, so that no network keeps the others out. A connection of that network itself is reset at once: what it has sent already must not hold anything.
/// </summary>
/// <remarks>
/// Kestrel's own limit counts until its processing of a connection ends. After rapid resets of HTTP/2, that sometimes never ends, and the place would
/// be lost for good. Here a place is free when the socket is closed.
/// </remarks>
/// <param name="inner">The transport.</param>
/// <param name="limit">Number of connections, at least 1.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class ConnectionLimit(IConnectionListenerFactory inner, long limit, TimeProvider time, ILogger<ConnectionLimit> logger)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    // A connection that is idle after a request takes 21 KiB in clear text and 120 KiB with TLS, most of it in OpenSSL; one whose client does not read
    // its answer or continue its upload takes 40 to 200 KiB. Not all wait at once.
    private const long BytesOfHttp1 = 64 * 1024;

    // A client may have this many requests in progress before the registry sees the first of them, each of which takes 6 KiB of Kestrel then.
    private const int LeastStreams = 20;
    private const long BytesOfHttp2 = (120 * 1024) + (LeastStreams * BytesOfStream);
    private const long BytesOfStream = 7 * 1024;

    // Recommended (RFC 9113, section 6.5.2), and Kestrel's default.
    private const int MostStreams = 100;

    // Connections that are left when memory is short: with fewer, those of honest clients would have to go, too.
    private const long LeastPlaces = 128;

    // Part of the limit by which the number of places grows again at a time.
    private const long Steps = 32;

    private static readonly ConnectionAbortedException Replaced = new("Another network gets the place of this connection.");

    private readonly Lock _lock = new();
    private readonly Dictionary<ClientNetwork, LinkedList<ConnectionContext>> _networks = [];
    private readonly WarningInterval _reached = new(time);
    private long _places = limit;
    private long _count;
    private long _shed;

    /// <summary>Number of connections, at least 1.</summary>
    public long Limit { get; } = limit;

    /// <summary>Number of connections that there may be now: fewer than <see cref="Limit"/> after <see cref="Shed"/>.</summary>
    public long Places => Interlocked.Read(ref _places);

    /// <summary>Number of connections that <see cref="Shed"/> has closed.</summary>
    public long ShedTotal => Interlocked.Read(ref _shed);

    /// <summary>Number of connections that take half of the heap.</summary>
    /// <param name="heap">Limit of the heap, in bytes.</param>
    /// <param name="hasHttp2">True when clients may use HTTP/2.</param>
    public static long Default(long heap, bool hasHttp2) => Math.Max(1, heap / 2 / (hasHttp2 ? BytesOfHttp2 : BytesOfHttp1));

    /// <summary>Number of requests that a connection of HTTP/2 may have at a time: 20, and up to 100 when there are fewer connections than by default.</summary>
    /// <param name="heap">Limit of the heap, in bytes.</param>
    /// <param name="connections">Number of connections.</param>
    public static int Streams(long heap, long connections) =>
        (int)Math.Clamp(((heap / 2 / connections) - BytesOfHttp2) / BytesOfStream + LeastStreams, LeastStreams, MostStreams);

    public bool CanBind(EndPoint endpoint) => inner is not IConnectionListenerFactorySelector selector || selector.CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await inner.BindAsync(endpoint, cancellationToken), this);

    /// <summary>Closes connections, the newest ones of the networks with most, and admits no more than are left.</summary>
    /// <param name="kept">Part of the connections that are left, from 0 to 1.</param>
    /// <returns>The number of closed connections.</returns>
    public int Shed(double kept)
    {
        List<ConnectionContext> surplus;
        var reason = new ConnectionAbortedException("Memory is short.");
        lock (_lock)
        {
            // Allocated before anything changes: memory is short.
            surplus = new List<ConnectionContext>((int)_count);
            var most = new PriorityQueue<ClientNetwork, int>(_networks.Select(one => (one.Key, -one.Value.Count)));
            _places = Math.Min(Limit, Math.Max(LeastPlaces, (long)(Math.Min(_places, _count) * kept)));
            while (_count > _places)
            {
                var network = most.Dequeue();
                var place = _networks[network].Last!;
                surplus.Add(place.Value);
                Remove(network, place);
                if (_networks.TryGetValue(network, out var rest))
                {
                    most.Enqueue(network, -rest.Count);
                }
            }
        }

        Interlocked.Add(ref _shed, surplus.Count);
        foreach (var connection in surplus)
        {
            Close(connection, reason);
        }

        return surplus.Count;
    }

    /// <summary>Admits some more connections, up to the limit.</summary>
    public void Recover()
    {
        lock (_lock)
        {
            _places = Math.Min(Limit, _places + Math.Max(1, Limit / Steps));
        }
    }

    /// <summary>True when a new connection would be closed at once, since its network has most of all places that are taken.</summary>
    /// <param name="remote">Address of its client.</param>
    public bool Refuses(EndPoint? remote)
    {
        lock (_lock)
        {
            return _count >= _places && FindLargest(NetworkOf(remote)) is null;
        }
    }

    // True when the connection has a place, for which another may have to go.
    private bool Admit(ConnectionContext connection)
    {
        var network = NetworkOf(connection.RemoteEndPoint);
        var place = new LinkedListNode<ConnectionContext>(connection);
        ConnectionContext? surplus = null;
        lock (_lock)
        {
            (ClientNetwork Network, LinkedList<ConnectionContext> Places)? largest = null;
            if (_count >= _places && (largest = FindLargest(network)) is null)
            {
                return false;
            }

            // Before another connection loses its place: the heap may be full.
            var own = _networks.GetValueOrDefault(network) ?? [];
            _networks[network] = own;
            own.AddLast(place);
            _count++;
            if (largest is { } most)
            {
                surplus = most.Places.Last!.Value;
                Remove(most.Network, most.Places.Last);
            }
        }

        if (surplus is not null)
        {
            Close(surplus, Replaced);
        }

        try
        {
            connection.ConnectionClosed.UnsafeRegister(_ => Release(network, place), null);
            return true;
        }
        catch (OutOfMemoryException)
        {
            // Its end would not be noticed, and the place never be free again.
            Release(network, place);
            return false;
        }
    }

    // Never throws: others still have to be closed, or to be admitted.
    private static void Close(ConnectionContext connection, ConnectionAbortedException reason)
    {
        try
        {
            connection.Abort(reason);
        }
        catch (Exception e) when (e is OutOfMemoryException or ObjectDisposedException)
        {
            // It has ended already, or is closed as far as memory allows.
        }
    }

    private static ClientNetwork NetworkOf(EndPoint? remote) => ClientNetwork.Of((remote as IPEndPoint)?.Address);

    // At the limit, which is reported: the network with most connections; null when the given one would have as many with one more.
    private (ClientNetwork Network, LinkedList<ConnectionContext> Places)? FindLargest(ClientNetwork network)
    {
        if (_reached.TryBegin())
        {
            LogReached();
        }

        var (largest, places) = _networks.MaxBy(one => one.Value.Count);
        var own = _networks.GetValueOrDefault(network)?.Count ?? 0;
        return own + 1 >= places.Count ? null : (largest, places);
    }

    private void Release(ClientNetwork network, LinkedListNode<ConnectionContext> place)
    {
        lock (_lock)
        {
            if (place.List is not null)
            {
                Remove(network, place);
            }
        }
    }

    private void Remove(ClientNetwork network, LinkedListNode<ConnectionContext> place)
    {
        var own = place.List!;
        own.Remove(place);
        _count--;
        if (own.Count == 0)
        {
            _networks.Remove(network);
        }
    }

    private void LogReached()
    {
        if (_places == Limit)
        {
            LogReached(Limit);
        }
        else
        {
            LogReached(_places, Limit);
        }
    }

    [LoggerMessage(1, LogLevel.Warning,
        "All {Limit} connections that the registry may have are open. Connections of the network with most of them are closed for those of others. If the clients "
        + "are honest, raise REGISTRY_MAX_CONNECTIONS, or give the process more memory. Repeated once a minute at most")]
    private partial void LogReached(long limit);

    [LoggerMessage(2, LogLevel.Warning,
        "Memory is short, so {Places} instead of {Limit} connections are admitted, and all of them are open. Connections of the network with most of them are closed "
        + "for those of others. If the clients are honest, give the process more memory. Repeated once a minute at most")]
    private partial void LogReached(long places, long limit);

    private sealed class Listener(IConnectionListener listener, ConnectionLimit limit) : IConnectionListener
    {
        private static readonly ConnectionAbortedException Refused = new("Its network has most of the connections that there may be.");

        public EndPoint EndPoint => listener.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                ConnectionContext? connection = null;
                try
                {
                    connection = await listener.AcceptAsync(cancellationToken);
                    if (connection is null || limit.Admit(connection))
                    {
                        return connection;
                    }
                }
                catch (OutOfMemoryException)
                {
                    // After an exception, Kestrel would never accept again.
                }

                if (connection is not null)
                {
                    Refuse(connection);
                }
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => listener.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => listener.DisposeAsync();

        // The next connection does not wait for the end of this one.
        private static void Refuse(ConnectionContext connection)
        {
            Close(connection, Refused);
            try
            {
                _ = connection.DisposeAsync().AsTask();
            }
            catch (OutOfMemoryException)
            {
                // Its socket is closed.
            }
        }
    }
}
