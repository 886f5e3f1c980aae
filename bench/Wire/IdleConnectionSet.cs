using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Registry.Bench.Wire;

/// <summary>Idle connections that have made one request each.</summary>
internal sealed class IdleConnectionSet : IAsyncDisposable
{
    private readonly List<Socket> _sockets = [];

    private IdleConnectionSet()
    {
    }

    /// <summary>Opens the connections one after another. Each needs a descriptor here and one in the server.</summary>
    public static async Task<IdleConnectionSet> OpenAsync(IPEndPoint endpoint, int count)
    {
        var set = new IdleConnectionSet();
        var request = Encoding.ASCII.GetBytes($"GET /v2/ HTTP/1.1\r\nHost: {endpoint}\r\n\r\n");
        var buffer = new byte[4096];
        try
        {
            for (var i = 0; i < count; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                set._sockets.Add(socket);
                await socket.ConnectAsync(endpoint);
                await socket.SendAsync(request);
                if (await socket.ReceiveAsync(buffer) == 0)
                {
                    throw new InvalidOperationException($"The server closed connection {i}.");
                }
            }

            return set;
        }
        catch
        {
            await set.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        return ValueTask.CompletedTask;
    }
}
