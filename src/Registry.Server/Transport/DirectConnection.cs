using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Registry.Server.Transport.Buffers;
using Registry.Server.Transport.Output;

namespace Registry.Server.Transport;

/// <summary>TCP connection, for Kestrel.</summary>
/// <remarks>
/// It begins with <see cref="Start"/>. It ends when the peer closes it, when it is aborted (the peer gets a reset), or when Kestrel disposes
/// it. On disposal, it sends the flushed bytes, shuts down its sending side, and discards input while the peer takes the last response, and for some
/// seconds more: a socket that is closed with unread input, or gets more, resets the connection and destroys the response. The pace of a slow peer
/// is checked meanwhile. An idle connection closes at once. A peer that closes its sending side after its requests, such as <c>nc</c> with a file as
/// its input, still gets the responses: Kestrel sees the end of the input at once, and the end of the connection when the peer has taken the responses.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed partial class DirectConnection : ConnectionContext,
    IConnectionIdFeature,
    IConnectionTransportFeature,
    IConnectionItemsFeature,
    IConnectionLifetimeFeature,
    IConnectionEndPointFeature,
    IConnectionSocketFeature,
    IMemoryPoolFeature,
    IAcknowledgedOutput,
    IOrderlyEnd
{
    private const int MaxLinger = 256 * 1024;
    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(2);

    // Time after which a peer that has ended its side, and is sent nothing, counts as gone. A push may wait that long for a slow disk.
    private static readonly TimeSpan GoneTimeout = TimeSpan.FromSeconds(10);
    private static long _lastId;

    private readonly DirectTransport _transport;
    private readonly SocketInput _input;
    private readonly ConnectionMemory _memory;
    private readonly ClosedSignal _closed = new();
    private readonly ConnectionEnd _end;
    private readonly Lock _lock = new();
    private readonly ILogger _logger;
    private IDuplexPipe _pipes;
    private IDictionary<object, object?>? _items;
    private string? _connectionId;
    private Exception? _shutdownReason;
    private volatile bool _isAnswered;
    private bool _isSocketDisposed;
    private volatile bool _hasPeerEnded;
    private Task _receiving = Task.CompletedTask;

    public DirectConnection(Socket socket, DirectTransport transport)
    {
        Socket = socket;
        _transport = transport;
        _logger = transport.Logger;
        _memory = new ConnectionMemory(transport.Pool);
        _input = new SocketInput(socket, transport.Pool, _memory, transport.PipeOptions, transport.MaxReceiveBuffer, transport.Time);
        Output = new SocketOutput(this, transport.Pool, transport.Outputs, transport.RunBlocking, transport.Time);
        _end = new ConnectionEnd(transport);
        _pipes = new Pipes(_input, Output);
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        Features = new ConnectionFeatures(this);
    }

    /// <summary>Socket of the connection.</summary>
    public Socket Socket { get; }

    /// <summary>Output, which also accepts files.</summary>
    public SocketOutput Output { get; }

    /// <summary>
    /// Output for files; null while another layer's pipes are in front of these, such as those of TLS: a file that bypasses them would go out in
    /// clear text.
    /// </summary>
    public IFileOutput? Files => _pipes is Pipes ? Output : null;

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

    /// <summary>Starts receiving.</summary>
    public void Start()
    {
        _transport.OnOpened();
        _receiving = ReceiveAsync();
    }

    /// <summary>True while the connection waits for the peer to read: with a part of its output, or to end after the last answer.</summary>
    public bool IsWaiting => Output is { IsWaiting: true, IsOver: false } || IsWaitingToEnd;

    /// <summary>True while the connection has sent everything, and waits for the peer to take the rest of it.</summary>
    public bool IsWaitingToEnd => _end.IsAwaited;

    /// <summary>
    /// Resets the connection of a peer that reads more slowly than allowed. <see cref="OutputWatch"/> calls this once a second.
    /// Only acknowledged bytes count, since the kernel accepts MiBs for a peer that reads nothing.
    /// </summary>
    /// <returns>False when the connection does not wait for the peer.</returns>
    public bool CheckRate()
    {
        if (!IsWaiting || Acknowledged() is not { } acknowledged)
        {
            _end.Rest();
            return false;
        }

        if (IsWaitingToEnd && IsTaken())
        {
            _end.CompleteWait();
            return false;
        }

        if (_end.Beat(acknowledged) is { } fault)
        {
            LogTooSlow(ConnectionId, fault);
            Shutdown(new ConnectionAbortedException("The peer reads too slowly."), graceful: false);
            _input.CancelPendingFlush();
        }

        return true;
    }

    /// <inheritdoc/>
    public long? Acknowledged()
    {
        lock (_lock)
        {
            return _isSocketDisposed ? null : Output.Sent - LinuxSocket.Unacknowledged(Socket.SafeHandle);
        }
    }

    /// <inheritdoc/>
    void IOrderlyEnd.Begin() => _isAnswered = true;

    /// <summary>
    /// Closes the connection at once with a reset, which returns the memory of its socket. There is no reset where it could destroy a complete response:
    /// for a peer that has closed its side and has taken everything, since Kestrel aborts such a connection when it sees the close, and at the time limit
    /// of a stop.
    /// </summary>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        var hasEnded = _hasPeerEnded && Output.IsIdle && Acknowledged() is { } acknowledged && HasTaken(acknowledged);
        Shutdown(abortReason, graceful: hasEnded || (_transport.IsStopping && _isAnswered && Output.Sent >= Output.AnswerEnd));
        _input.CancelPendingFlush();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        _input.Complete();
        Output.Complete();
        await Output.DrainAsync();
        _isAnswered = true;
        FinishSending();
        _end.Begin();
        try
        {
            await LetPeerReadAsync();
        }
        catch (OutOfMemoryException)
        {
            // The peer has no more time to read its answer. The socket, and the place of the connection, must be free in any case.
        }

        Shutdown(new ConnectionAbortedException("The connection was closed by the server."), graceful: true);
        await _receiving;
        Output.Abandon();
        _closed.Dispose();
        await base.DisposeAsync();
        _transport.OnClosed();
    }

    /// <summary>Ends the connection after a failure to send.</summary>
    internal void OnSendFailed(Exception error)
    {
        if (AsReset(error) is { } reason)
        {
            Shutdown(reason, graceful: false);
        }
        else
        {
            // The file or this program is at fault. A reset keeps the peer from taking a part for the whole.
            _transport.Unsent.Report(ConnectionId, error);
            Shutdown(new ConnectionAbortedException("The response could not be sent.", error), graceful: false);
        }

        _input.CancelPendingFlush();
    }

    private async Task ReceiveAsync()
    {
        Exception? error = null;
        try
        {
            _hasPeerEnded = await _input.ReceiveAsync();
            if (_hasPeerEnded)
            {
                _input.End();
                await AnsweredAsync();
            }
            else
            {
                _hasPeerEnded = await LingerAsync();
                await (_hasPeerEnded ? TakenAsync() : Task.CompletedTask);
            }
        }
        catch (Exception e) when (AsReset(e) is not null)
        {
            // When this side has closed the socket, the reason of that counts.
            error = AsReset(e);
        }
#pragma warning disable CA1031 // Any failure ends this connection only.
        catch (Exception e)
#pragma warning restore CA1031
        {
            error = e;
            LogUnexpected(ConnectionId, e);
        }
        finally
        {
            _input.Break(Volatile.Read(ref _shutdownReason) ?? error);
            if (await _closed.FireAsync() is { } fault)
            {
                LogUnexpected(ConnectionId, fault);
            }
        }
    }

    // Waits until the peer has had some seconds for its last answer. A peer that has not taken all of it by then may go on at the pace of any slow one, and has
    // some seconds more afterwards. What it sends meanwhile resets the connection only after the limit of LingerAsync.
    private async Task LetPeerReadAsync()
    {
        await ReceivedAsync(Linger());
        if (!_receiving.IsCompleted && TakenAsync() is { IsCompleted: false } taken)
        {
            await Task.WhenAny(taken, _receiving);
            _end.CompleteWait();
            await ReceivedAsync(LingerTimeout);
        }

        async Task ReceivedAsync(TimeSpan limit) => await _receiving.WaitAsync(limit, _transport.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Waits until the peer has taken all answers, or is gone. OutputWatch checks its pace meanwhile.
    private Task TakenAsync()
    {
        if (IsTaken())
        {
            return Task.CompletedTask;
        }

        var taken = _end.WaitAsync();
        _transport.Outputs.Add(this);
        return taken;
    }

    // Nothing is received from a peer that has ended its side, so that only its socket tells of a reset.
    private bool IsTaken()
    {
        lock (_lock)
        {
            return Acknowledged() is not { } acknowledged || HasTaken(acknowledged) || (_hasPeerEnded && Socket.Poll(0, SelectMode.SelectError));
        }
    }

    // The end of the sending side counts as a byte that is not acknowledged.
    private bool HasTaken(long acknowledged) => acknowledged + 1 >= Output.AnswerEnd;

    // Time that the peer still has to read its last answer. A peer that has sent nothing for as long has nothing on its way that would reset the connection.
    private TimeSpan Linger()
    {
        var quiet = _transport.Time.GetElapsedTime(Math.Max(_input.ReceivedAt, Output.AnsweredAt));
        return quiet < LingerTimeout ? LingerTimeout - quiet : TimeSpan.Zero;
    }

    // Discards what the peer still sends after the end. True when the peer has ended its side; false when it has sent too much.
    private async Task<bool> LingerAsync()
    {
        using var block = _transport.Pool.Rent();
        for (var total = 0; total < MaxLinger;)
        {
            var count = await Socket.ReceiveAsync(block.Memory, SocketFlags.None);
            if (count == 0)
            {
                return true;
            }

            _input.Arrived();
            total += count;
        }

        return false;
    }

    // After the end of the input, waits for the end of the connection, but no longer than the peer takes what it is sent: a client that has gone
    // away for good cannot be told from one that waits for its response. A response that cannot be delivered ends the connection itself. The connection
    // keeps its place in ConnectionLimit until the peer has taken the last response.
    private async Task AnsweredAsync()
    {
        for (long before = -1; _end.Beginning is { } beginning && Acknowledged() is { } acknowledged && (acknowledged > before || !Output.IsIdle); before = acknowledged)
        {
            await beginning.WaitAsync(GoneTimeout, _transport.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await TakenAsync();
        }

        await TakenAsync();
    }

    private void FinishSending()
    {
        lock (_lock)
        {
            if (!_isSocketDisposed)
            {
                LinuxSocket.TryShutdown(Socket, SocketShutdown.Send);
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
            _end.Complete();
            Volatile.Write(ref _shutdownReason, reason);
            Output.Abandon();
            if (graceful)
            {
                LinuxSocket.TryShutdown(Socket, SocketShutdown.Both);
                Socket.Dispose();
            }
            else
            {
                Socket.Close(timeout: 0);
            }
        }
    }

    // Exception that Kestrel takes for the end of a connection; it logs others as faults of the server, with a stack trace. A socket fails
    // because of its peer or the network only: a fault of this side would have prevented the connection.
    private static ConnectionResetException? AsReset(Exception error) =>
        error is SocketException or ObjectDisposedException ? new ConnectionResetException(error.Message, error) : null;

    [LoggerMessage(1, LogLevel.Error, "Connection {Id} ended with an unexpected error")]
    private partial void LogUnexpected(string id, Exception exception);

    [LoggerMessage(2, LogLevel.Debug, "Connection {Id} was closed: its peer read {Fault}")]
    private partial void LogTooSlow(string id, string fault);

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
