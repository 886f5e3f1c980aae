using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Registry.Server.Transport;

/// <summary>A TCP connection as Kestrel sees it.</summary>
/// <remarks>
/// It begins with <see cref="Start"/>. It ends when the peer has closed it, when it is aborted (the peer is reset), or when Kestrel disposes
/// it: then what was flushed is sent, the peer is told that nothing more comes, and what it still sends is read and thrown away for a
/// moment, since closing a socket with unread input resets it and takes the answer away from the peer.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed partial class DirectConnection : ConnectionContext,
    IConnectionIdFeature,
    IConnectionTransportFeature,
    IConnectionItemsFeature,
    IConnectionLifetimeFeature,
    IConnectionEndPointFeature,
    IConnectionSocketFeature,
    IMemoryPoolFeature
{
    private const int MaxLinger = 256 * 1024;
    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(2);
    private static long _lastId;

    private readonly DirectTransport _transport;
    private readonly SocketInput _input;
    private readonly ConnectionMemory _memory;
    private readonly CancellationTokenSource _closed = new();
    private readonly Lock _lock = new();
    private readonly ILogger _logger;
    private IDuplexPipe _pipes;
    private IDictionary<object, object?>? _items;
    private string? _connectionId;
    private Exception? _shutdownReason;
    private bool _isSocketDisposed;
    private volatile bool _hasPeerEnded;
    private TransferPace? _pace;
    private long _acknowledgedBefore;
    private Task _receiving = Task.CompletedTask;

    public DirectConnection(Socket socket, DirectTransport transport)
    {
        Socket = socket;
        _transport = transport;
        _logger = transport.Logger;
        _memory = new ConnectionMemory(transport.Pool);
        _input = new SocketInput(socket, transport.Pool, _memory, transport.PipeOptions);
        Output = new SocketOutput(this, transport.Pool);
        _pipes = new Pipes(_input.Reader, Output);
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        Features = new ConnectionFeatures(this);
    }

    /// <summary>The socket.</summary>
    public Socket Socket { get; }

    /// <summary>What is sent, with room for files.</summary>
    public SocketOutput Output { get; }

    /// <summary>
    /// Whether what Kestrel writes goes out as it is. Not with TLS, which puts its own pipes in front of these: a file sent past it would go
    /// out in plain text.
    /// </summary>
    public bool IsPlain => _pipes is Pipes;

    public override string ConnectionId
    {
        get => _connectionId ??= Interlocked.Increment(ref _lastId).ToString("X8", System.Globalization.CultureInfo.InvariantCulture);
        set => _connectionId = value;
    }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

    public override IDuplexPipe Transport
    {
        get => _pipes;
        set => _pipes = value;
    }

    public override CancellationToken ConnectionClosed { get; set; }

    public override EndPoint? LocalEndPoint { get; set; }

    public override EndPoint? RemoteEndPoint { get; set; }

    System.Buffers.MemoryPool<byte> IMemoryPoolFeature.MemoryPool => _memory;

    /// <summary>Runs work that may wait for a disk elsewhere than on the threads that serve connections.</summary>
    public Task RunBlockingAsync(Action work) => _transport.RunBlocking(work);

    /// <summary>Begins to receive.</summary>
    public void Start()
    {
        _transport.OnOpened();
        _receiving = ReceiveAsync();
    }

    /// <summary>
    /// Called once a second by Kestrel's heartbeat while files are sent: aborts the connection of a peer that reads more slowly than allowed. What
    /// counts is what the peer has acknowledged, since the kernel takes MiBs on behalf of a peer that reads nothing.
    /// </summary>
    public void CheckRate()
    {
        if (!Output.IsWaiting || Acknowledged() is not { } acknowledged)
        {
            _pace = null;
            return;
        }

        if (_pace is null)
        {
            _pace = _transport.CreatePace();
        }
        else if (_pace.Beat(acknowledged - _acknowledgedBefore) is { } fault)
        {
            LogTooSlow(ConnectionId, fault);
            Abort(new ConnectionAbortedException("The peer reads too slowly."));
        }

        _acknowledgedBefore = acknowledged;
    }

    /// <summary>
    /// Closes the connection at once; the peer is reset. Except one that has said goodbye and got everything: Kestrel aborts such a connection
    /// when it hears of the goodbye, and a reset could take the answer away from the peer after all.
    /// </summary>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        Shutdown(abortReason, graceful: _hasPeerEnded && Output.IsIdle);
        _input.CancelPendingFlush();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        _input.Reader.Complete();
        Output.Complete();
        await Output.DrainAsync();
        FinishSending();
        try
        {
            await _receiving.WaitAsync(LingerTimeout);
        }
        catch (TimeoutException)
        {
            // The peer goes on sending, or does not close.
        }

        Shutdown(new ConnectionAbortedException("The connection was closed by the server."), graceful: true);
        await _receiving;
        Output.Abandon();
        _closed.Dispose();
        await base.DisposeAsync();
        _transport.OnClosed();
    }

    /// <summary>What could not be sent ends the connection.</summary>
    internal void OnSendFailed(Exception error)
    {
        if (AsReset(error) is { } reason)
        {
            Shutdown(reason, graceful: false);
        }
        else
        {
            // The file, or this program: the peer must not take what it has for the whole.
            LogNotSent(ConnectionId, error);
            Shutdown(new ConnectionAbortedException("The answer could not be sent.", error), graceful: false);
        }

        _input.CancelPendingFlush();
    }

    private async Task ReceiveAsync()
    {
        Exception? error = null;
        try
        {
            _hasPeerEnded = await _input.ReceiveAsync();
            if (!_hasPeerEnded)
            {
                await LingerAsync();
            }
        }
        catch (Exception e) when (AsReset(e) is not null)
        {
            // Where this side has closed the socket, that has a reason of its own.
            error = AsReset(e);
        }
#pragma warning disable CA1031 // Whatever it is, it is the end of this connection and of no other.
        catch (Exception e)
#pragma warning restore CA1031
        {
            error = e;
            LogUnexpected(ConnectionId, e);
        }
        finally
        {
            _input.Complete(Volatile.Read(ref _shutdownReason) ?? error);
            await FireClosedAsync();
        }
    }

    // What a peer still sends when nobody reads any more.
    private async Task LingerAsync()
    {
        using var block = _transport.Pool.Rent();
        for (var total = 0; total < MaxLinger;)
        {
            var count = await Socket.ReceiveAsync(block.Memory, SocketFlags.None);
            if (count == 0)
            {
                return;
            }

            total += count;
        }
    }

    private long? Acknowledged()
    {
        lock (_lock)
        {
            return _isSocketDisposed ? null : Output.Sent - LinuxSocket.Unacknowledged(Socket.SafeHandle);
        }
    }

    private void FinishSending()
    {
        lock (_lock)
        {
            if (!_isSocketDisposed)
            {
                TryShutdown(SocketShutdown.Send);
            }
        }
    }

    private void Shutdown(Exception reason, bool graceful)
    {
        lock (_lock)
        {
            if (_isSocketDisposed)
            {
                return;
            }

            _isSocketDisposed = true;
            Volatile.Write(ref _shutdownReason, reason);
            Output.Abandon();
            if (graceful)
            {
                TryShutdown(SocketShutdown.Both);
                Socket.Dispose();
            }
            else
            {
                Socket.Close(timeout: 0);
            }
        }
    }

    private void TryShutdown(SocketShutdown how)
    {
        try
        {
            Socket.Shutdown(how);
        }
        catch (SocketException)
        {
            // The peer was faster.
        }
    }

    // Kestrel's callbacks may do anything, so not on the thread that closes.
    private Task FireClosedAsync()
    {
        var fired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ThreadPool.UnsafeQueueUserWorkItem(
            static state =>
            {
                state.Connection.CancelClosed();
                state.Fired.SetResult();
            },
            (Connection: this, Fired: fired),
            preferLocal: false);
        return fired.Task;
    }

    private void CancelClosed()
    {
        try
        {
            _closed.Cancel();
        }
#pragma warning disable CA1031 // Somebody else's callback failed; the connection is closed all the same.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogUnexpected(ConnectionId, e);
        }
    }

    // The end of a connection as Kestrel knows it; anything else that reaches Kestrel is a fault of the server to it, with a stack trace. A socket
    // fails for its peer or for the network only: where this side is at fault, there would be no connection.
    private static ConnectionResetException? AsReset(Exception error) =>
        error is SocketException or ObjectDisposedException ? new ConnectionResetException(error.Message, error) : null;

    [LoggerMessage(1, LogLevel.Error, "Connection {Id} ended with an unexpected error")]
    private partial void LogUnexpected(string id, Exception exception);

    [LoggerMessage(3, LogLevel.Error, "Connection {Id} was closed: its answer could not be sent")]
    private partial void LogNotSent(string id, Exception exception);

    [LoggerMessage(2, LogLevel.Debug, "Connection {Id} was closed: its peer has read {Fault}")]
    private partial void LogTooSlow(string id, string fault);

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
