using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Registry.Testing.Connections;

namespace Registry.Testing.Engines;

/// <summary>
/// Stands between a client and PostgreSQL, and resets connections: all of them, or one when the server has committed and before the client learns it.
/// </summary>
public sealed class PostgresProxy : IAsyncDisposable
{
    private const int BufferSize = 64 * 1024;

    // Tag of the message CommandComplete (PostgreSQL, "Message Formats").
    private static readonly byte[] Committed = "COMMIT\0"u8.ToArray();

    private readonly LoopbackListener _listener;
    private readonly IPEndPoint _server;
    private readonly ConcurrentDictionary<Socket, Socket> _connections = new();
    private byte[]? _mark;
    private int _lostCommits;
    private volatile bool _isDown;

    /// <param name="port">Port of the server on the loopback interface.</param>
    public PostgresProxy(int port)
    {
        _server = new IPEndPoint(IPAddress.Loopback, port);
        _listener = new LoopbackListener(ForwardAsync);
    }

    /// <summary>Port on the loopback interface.</summary>
    public int Port => _listener.EndPoint.Port;

    /// <summary>True to reset all connections, and each new one, as if the server were not there.</summary>
    public bool IsDown
    {
        get => _isDown;
        set
        {
            _isDown = value;
            if (value)
            {
                CutAll();
            }
        }
    }

    /// <summary>Number of commits whose answer was lost.</summary>
    public int LostCommits => Volatile.Read(ref _lostCommits);

    /// <summary>Loses the answer to the next commit of a transaction that has sent these bytes; null to lose none.</summary>
    public void LoseCommit(byte[]? mark) => Volatile.Write(ref _mark, mark);

    /// <summary>Resets all connections.</summary>
    /// <returns>Their number.</returns>
    public int CutAll()
    {
        var cut = _connections.ToArray();
        foreach (var (client, server) in cut)
        {
            Cut(client);
            Cut(server);
        }

        return cut.Length;
    }

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private static void Cut(Socket connection)
    {
        try
        {
            LoopbackListener.Reset(connection);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has just ended by itself.
        }
    }

    private async Task ForwardAsync(Socket client, CancellationToken stopping)
    {
        if (IsDown)
        {
            LoopbackListener.Reset(client);
            return;
        }

        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await server.ConnectAsync(_server, stopping);
        _connections[client] = server;
        try
        {
            var isMarked = false;
            var requests = PassAsync(
                client,
                server,
                sent =>
                {
                    isMarked |= Volatile.Read(ref _mark) is { } mark && sent.IndexOf(mark) >= 0;
                    return true;
                },
                stopping);
            await PassAsync(
                server,
                client,
                answered =>
                {
                    if (!isMarked || answered.IndexOf(Committed) < 0)
                    {
                        return true;
                    }

                    // Each mark is for one commit.
                    isMarked = false;
                    return Interlocked.Exchange(ref _mark, null) is null;
                },
                stopping);
            await requests;
        }
        finally
        {
            _connections.TryRemove(client, out _);
        }
    }

    // Ends with the connection, or before the first bytes that must not pass: then the connection is reset.
    private async Task PassAsync(Socket from, Socket to, Func<ReadOnlySpan<byte>, bool> mayPass, CancellationToken stopping)
    {
        var buffer = new byte[BufferSize];
        for (int read; (read = await from.ReceiveAsync(buffer, stopping)) > 0;)
        {
            if (!mayPass(buffer.AsSpan(0, read)))
            {
                Interlocked.Increment(ref _lostCommits);
                LoopbackListener.Reset(to);
                return;
            }

            await LoopbackListener.SendAsync(to, buffer.AsMemory(0, read), stopping);
        }

        to.Shutdown(SocketShutdown.Send);
    }
}
