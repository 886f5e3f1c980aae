using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Registry.Server.Configuration;
using Registry.Server.Transport.Buffers;
using Registry.Server.Transport.Output;

namespace Registry.Server.Transport;

/// <summary>
/// Transport for Kestrel on Linux: large receives for uploads, sendfile(2) for downloads, and no needless copies or thread changes between
/// the socket and Kestrel. Other systems use Kestrel's own transport.
/// </summary>
/// <param name="pool">Memory of all connections.</param>
/// <param name="maxReceiveBuffer">Largest number of unread bytes that a connection buffers.</param>
/// <param name="limits">Least rate at which a peer must read.</param>
/// <param name="idleTimeout">Longest time in which it may read nothing of what waits for it.</param>
/// <param name="runBlocking">Runs work that may wait for a disk.</param>
/// <param name="unsent">Log of answers that could not be sent.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
[SupportedOSPlatform("linux")]
internal sealed class DirectTransport(
    BlockPool pool,
    long maxReceiveBuffer,
    ConnectionTimes limits,
    TimeSpan idleTimeout,
    Func<Action, Task> runBlocking,
    UnsentAnswers unsent,
    TimeProvider time,
    ILogger<DirectTransport> logger)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    // As many as the system allows (net.core.somaxconn) up to this, so no client of a busy image is turned away.
    private const int Backlog = 4096;

    private long _connections;
    private volatile bool _isStopping;

    /// <summary>Memory of all connections.</summary>
    public BlockPool Pool { get; } = pool;

    /// <summary>Check of the connections whose peers do not read.</summary>
    public OutputWatch Outputs { get; } = new(time);

    /// <summary>True when a new connection from an address has no place, so that it is reset before anything is made for it. Set before the first connection.</summary>
    public Func<EndPoint?, bool> IsRefused { get; set; } = _ => false;

    /// <summary>Options of the inputs of connections.</summary>
    public PipeOptions PipeOptions { get; } = InputPipe.CreateOptions(pool);

    /// <summary>Largest number of bytes that a connection buffers beyond the threshold of its pipe, while the pool is not crowded.</summary>
    public long MaxReceiveBuffer => maxReceiveBuffer;

    /// <summary>Creates the check of a peer's reading rate.</summary>
    public TransferPace CreatePace() => new(limits, idleTimeout);

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>Runs work that may wait for a disk.</summary>
    public Func<Action, Task> RunBlocking { get; } = runBlocking;

    /// <summary>Log of answers that could not be sent.</summary>
    public UnsentAnswers Unsent { get; } = unsent;

    /// <summary>Number of connections.</summary>
    public long Connections => Interlocked.Read(ref _connections);

    /// <summary>True when the server stops: one of its addresses, or all of them, accept no connection any more.</summary>
    public bool IsStopping => _isStopping;

    public ILogger Logger => logger;

    /// <summary>True when an address is a TCP address.</summary>
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint;

    /// <summary>Listens on an address.</summary>
    /// <exception cref="AddressInUseException">Another process listens on it.</exception>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var address = (IPEndPoint)endpoint;
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(address);
            socket.Listen(Backlog);
            return ValueTask.FromResult<IConnectionListener>(new DirectListener(socket, this, time));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            socket.Dispose();
            throw new AddressInUseException(e.Message, e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Ends the check of connections. They must be closed.</summary>
    public void Dispose() => Outputs.Dispose();

    internal void OnOpened() => Interlocked.Increment(ref _connections);

    internal void OnClosed() => Interlocked.Decrement(ref _connections);

    internal void OnUnbound() => _isStopping = true;
}
