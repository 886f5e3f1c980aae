using System.Net;
using System.Net.Sockets;
using Registry.Testing.Connections;

namespace Registry.Interop.Tests.OptionalClients;

/// <summary>
/// Forwards connections to a registry and counts what the registry sends. May reset a number of connections, both ways, after the client
/// has sent a number of bytes.
/// </summary>
internal sealed class LoopbackProxy : IAsyncDisposable
{
    private const int BufferSize = 64 * 1024;

    private readonly LoopbackListener _listener;
    private readonly IPEndPoint _target;
    private readonly int _bytes;
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
        _listener = new LoopbackListener(ForwardAsync);
    }

    /// <summary>Prefix of image references.</summary>
    public string HostPort => _listener.EndPoint.ToString();

    /// <summary>Number of connections left to reset.</summary>
    public int CutsLeft => Volatile.Read(ref _cutsLeft);

    /// <summary>Number of bytes that the registry has sent.</summary>
    public long SentByRegistry => Interlocked.Read(ref _sentByRegistry);

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private async Task ForwardAsync(Socket client, CancellationToken stopping)
    {
        using var registry = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await registry.ConnectAsync(_target, stopping);
        Task down = ReturnAsync(registry, client, stopping);
        if (await PassAsync(client, registry, stopping))
        {
            LoopbackListener.Reset(client);
            LoopbackListener.Reset(registry);
        }

        await down;
    }

    private async Task ReturnAsync(Socket registry, Socket client, CancellationToken stopping)
    {
        byte[] buffer = new byte[BufferSize];
        for (int read; (read = await registry.ReceiveAsync(buffer, stopping)) > 0;)
        {
            Interlocked.Add(ref _sentByRegistry, read);
            await LoopbackListener.SendAsync(client, buffer.AsMemory(0, read), stopping);
        }

        client.Shutdown(SocketShutdown.Send);
    }

    // True when the connection is to be reset.
    private async Task<bool> PassAsync(Socket client, Socket registry, CancellationToken stopping)
    {
        byte[] buffer = new byte[BufferSize];
        bool isBeforeLimit = true;
        for (int sent = 0, read; (read = await client.ReceiveAsync(buffer, stopping)) > 0; sent += read)
        {
            if (isBeforeLimit && sent + read > _bytes)
            {
                isBeforeLimit = false;
                if (Interlocked.Decrement(ref _cutsLeft) >= 0)
                {
                    await LoopbackListener.SendAsync(registry, buffer.AsMemory(0, _bytes - sent), stopping);
                    return true;
                }
            }

            await LoopbackListener.SendAsync(registry, buffer.AsMemory(0, read), stopping);
        }

        registry.Shutdown(SocketShutdown.Send);
        return false;
    }
}
