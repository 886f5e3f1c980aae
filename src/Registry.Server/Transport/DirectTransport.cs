using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Registry.Server.Configuration;

namespace Registry.Server.Transport;

/// <summary>
/// Kestrel's connection layer for Linux: large receives for uploads, sendfile(2) for downloads, and nothing between the socket and Kestrel
/// that copies or changes threads without need. Kestrel's own transport takes its place on other systems.
/// </summary>
/// <param name="maxReceiveBuffer">How many bytes a connection may hold that nobody has looked at yet.</param>
/// <param name="limits">How slowly a peer may read a file.</param>
/// <param name="idleTimeout">How long it may read nothing of one.</param>
/// <param name="runBlocking">Runs work that may wait for a disk.</param>
/// <param name="time">The time.</param>
/// <param name="logger">Its log.</param>
[SupportedOSPlatform("linux")]
internal sealed class DirectTransport(
    long maxReceiveBuffer, ConnectionLimits limits, TimeSpan idleTimeout, Func<Action, Task> runBlocking, TimeProvider time, ILogger<DirectTransport> logger)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    // Whatever the system allows (net.core.somaxconn) up to this: a herd of clients at one image is no reason to turn any away.
    private const int Backlog = 4096;

    private long _connections;

    private PipeOptions? _pipeOptions;

    /// <summary>The memory of all connections.</summary>
    public BlockPool Pool { get; } = new();

    /// <summary>
    /// How what is received gets to its reader: on the thread that received it. For a request that is answered from memory there is no other.
    /// </summary>
    public PipeOptions PipeOptions => _pipeOptions ??= new PipeOptions(
        Pool,
        readerScheduler: PipeScheduler.Inline,
        writerScheduler: PipeScheduler.ThreadPool,
        pauseWriterThreshold: maxReceiveBuffer,
        resumeWriterThreshold: maxReceiveBuffer / 2,
        minimumSegmentSize: BlockPool.SmallestBlock,
        useSynchronizationContext: false);

    /// <summary>Judges how a peer reads files.</summary>
    public TransferPace CreatePace() => new(limits, idleTimeout);

    /// <summary>Runs work that may wait for a disk.</summary>
    public Func<Action, Task> RunBlocking { get; } = runBlocking;

    /// <summary>How many connections there are.</summary>
    public long Connections => Interlocked.Read(ref _connections);

    public ILogger Logger => logger;

    /// <summary>Whether an address is one of TCP.</summary>
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint;

    /// <summary>Listens on an address.</summary>
    /// <exception cref="AddressInUseException">Somebody else does.</exception>
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

    internal void OnOpened() => Interlocked.Increment(ref _connections);

    internal void OnClosed() => Interlocked.Decrement(ref _connections);
}
