using System.Net;
using System.Net.Sockets;

namespace Registry.Interop.Tests.OptionalClients;

/// <summary>
/// Forwards connections to a registry and counts what the registry sends. May reset a number of connections, both ways, after the client
/// has sent a number of bytes.
/// </summary>
internal sealed class LoopbackProxy : IAsyncDisposable
{
    private const int BufferSize = 64 * 1024;

    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly IPEndPoint _target;
    private readonly int _bytes;
    private readonly Task _accepting;
    private int _cutsLeft;
    private long _sentByRegistry;

    /// <param name="target">Address and port of the registry.</param>
    /// <param name="cuts">Number of connections to reset.</param>
    /// <param name="bytes">Number of bytes of each of these that reach the registry.</param>
    public LoopbackProxy(string target, int cuts = 0, int bytes = 0)
    {
        _target = IPEndPoint.Parse(target);
        _cutsLeft = cuts;
        _bytes = bytes;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>Prefix of image references.</summary>
    public string HostPort => _listener.LocalEndPoint!.ToString()!.Replace("[::ffff:127.0.0.1]", "127.0.0.1", StringComparison.Ordinal);

    /// <summary>Number of connections left to reset.</summary>
    public int CutsLeft => Volatile.Read(ref _cutsLeft);

    /// <summary>Number of bytes that the registry has sent.</summary>
    public long SentByRegistry => Interlocked.Read(ref _sentByRegistry);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ForwardAsync(await _listener.AcceptAsync(_stopping.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ForwardAsync(Socket client)
    {
        using (client)
        {
            using var registry = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await registry.ConnectAsync(_target, _stopping.Token);
                Task down = ReturnAsync(registry, client);
                if (await PassAsync(client, registry))
                {
                    // With no time to linger, closing a socket resets the connection.
                    client.LingerState = registry.LingerState = new LingerOption(true, 0);
                    client.Close();
                    registry.Close();
                }

                await down;
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // An end of the connection is gone, as clients and tests end.
            }
        }
    }

    private async Task ReturnAsync(Socket registry, Socket client)
    {
        byte[] buffer = new byte[BufferSize];
        for (int read; (read = await registry.ReceiveAsync(buffer, _stopping.Token)) > 0;)
        {
            Interlocked.Add(ref _sentByRegistry, read);
            await SendAsync(client, buffer.AsMemory(0, read));
        }

        client.Shutdown(SocketShutdown.Send);
    }

    // True when the connection is to be reset.
    private async Task<bool> PassAsync(Socket client, Socket registry)
    {
        byte[] buffer = new byte[BufferSize];
        bool isBeforeLimit = true;
        for (int sent = 0, read; (read = await client.ReceiveAsync(buffer, _stopping.Token)) > 0; sent += read)
        {
            if (isBeforeLimit && sent + read > _bytes)
            {
                isBeforeLimit = false;
                if (Interlocked.Decrement(ref _cutsLeft) >= 0)
                {
                    await SendAsync(registry, buffer.AsMemory(0, _bytes - sent));
                    return true;
                }
            }

            await SendAsync(registry, buffer.AsMemory(0, read));
        }

        registry.Shutdown(SocketShutdown.Send);
        return false;
    }

    private async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        for (int sent = 0; sent < bytes.Length;)
        {
            sent += await to.SendAsync(bytes[sent..], _stopping.Token);
        }
    }
}
