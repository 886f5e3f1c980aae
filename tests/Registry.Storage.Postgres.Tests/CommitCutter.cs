using System.Net;
using System.Net.Sockets;
using Registry.Testing.Connections;

namespace Registry.Storage.Postgres.Tests;

/// <summary>Stands between a node and PostgreSQL, and resets a connection when the server has committed and before the node learns it.</summary>
internal sealed class CommitCutter : IAsyncDisposable
{
    private const int BufferSize = 64 * 1024;

    // Tag of the message CommandComplete (PostgreSQL, "Message Formats").
    private static readonly byte[] Committed = "COMMIT\0"u8.ToArray();

    private readonly LoopbackListener _listener;
    private readonly IPEndPoint _server;
    private byte[]? _mark;
    private int _cuts;

    /// <param name="port">Port of the server on the loopback interface.</param>
    public CommitCutter(int port)
    {
        _server = new IPEndPoint(IPAddress.Loopback, port);
        _listener = new LoopbackListener(ForwardAsync);
    }

    /// <summary>Port on the loopback interface.</summary>
    public int Port => _listener.EndPoint.Port;

    /// <summary>Number of connections that were reset.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    /// <summary>Loses the answer to the next commit of a connection that has sent these bytes.</summary>
    public void Cut(byte[] mark) => Volatile.Write(ref _mark, mark);

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private async Task ForwardAsync(Socket node, CancellationToken stopping)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await server.ConnectAsync(_server, stopping);
        var isMarked = false;
        var requests = PassAsync(
            node,
            server,
            sent =>
            {
                isMarked |= Volatile.Read(ref _mark) is { } mark && sent.IndexOf(mark) >= 0;
                return true;
            },
            stopping);
        await PassAsync(server, node, answered => !isMarked || answered.IndexOf(Committed) < 0, stopping);
        if (isMarked)
        {
            Volatile.Write(ref _mark, null);
            Interlocked.Increment(ref _cuts);
            LoopbackListener.Reset(node);
        }

        await requests;
    }

    // Ends with the connection, or before the first bytes that must not pass.
    private static async Task PassAsync(Socket from, Socket to, Func<ReadOnlySpan<byte>, bool> mayPass, CancellationToken stopping)
    {
        var buffer = new byte[BufferSize];
        for (int read; (read = await from.ReceiveAsync(buffer, stopping)) > 0;)
        {
            if (!mayPass(buffer.AsSpan(0, read)))
            {
                return;
            }

            await LoopbackListener.SendAsync(to, buffer.AsMemory(0, read), stopping);
        }

        to.Shutdown(SocketShutdown.Send);
    }
}
