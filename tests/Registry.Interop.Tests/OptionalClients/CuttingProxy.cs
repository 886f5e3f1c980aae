using System.Net;
using System.Net.Sockets;

namespace Registry.Interop.Tests.OptionalClients;

/// <summary>
/// Forwards connections to a registry, and resets a number of them, both ways, after the client has sent a number of bytes.
/// </summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly IPEndPoint _target;
    private readonly int _bytes;
    private readonly Task _accepting;
    private int _cutsLeft;

    /// <param name="target">The port of the registry on the loopback interface.</param>
    /// <param name="cuts">How many connections to reset.</param>
    /// <param name="bytes">How many bytes of each of these reach the registry.</param>
    public CuttingProxy(int target, int cuts, int bytes)
    {
        _target = new IPEndPoint(IPAddress.Loopback, target);
        _cutsLeft = cuts;
        _bytes = bytes;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>What image references start with.</summary>
    public string HostPort => _listener.LocalEndPoint!.ToString()!.Replace("[::ffff:127.0.0.1]", "127.0.0.1", StringComparison.Ordinal);

    /// <summary>How many connections were still to be reset.</summary>
    public int CutsLeft => Volatile.Read(ref _cutsLeft);

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
                Task down = CopyAsync(registry, client, limit: null);
                bool isCut = await CopyAsync(client, registry, _bytes);
                if (isCut)
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

    private async Task<bool> CopyAsync(Socket from, Socket to, int? limit)
    {
        byte[] buffer = new byte[64 * 1024];
        for (int sent = 0, read; (read = await from.ReceiveAsync(buffer, _stopping.Token)) > 0; sent += read)
        {
            if (sent + read > limit && Interlocked.Decrement(ref _cutsLeft) >= 0)
            {
                await SendAsync(to, buffer.AsMemory(0, limit.Value - sent));
                return true;
            }

            await SendAsync(to, buffer.AsMemory(0, read));
            limit = sent + read > limit ? null : limit;
        }

        to.Shutdown(SocketShutdown.Send);
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
