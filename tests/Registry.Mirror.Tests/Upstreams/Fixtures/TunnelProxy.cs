using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Registry.Testing.Connections;

namespace Registry.Mirror.Tests.Upstreams.Fixtures;

/// <summary>A proxy that opens tunnels (RFC 9110, section 9.3.6), each to the port that was asked for on the loopback interface, whatever the host.</summary>
internal sealed class TunnelProxy : IAsyncDisposable
{
    private readonly LoopbackListener _listener;
    private readonly ConcurrentQueue<string> _tunnels = new();

    public TunnelProxy() => _listener = new LoopbackListener(ServeAsync);

    /// <summary>The proxy, for a client.</summary>
    public WebProxy Proxy => new($"http://{_listener.EndPoint}");

    /// <summary>Hosts with ports of the tunnels that were asked for.</summary>
    public IReadOnlyList<string> Tunnels => [.. _tunnels];

    /// <summary>False to refuse tunnels.</summary>
    public bool IsOpen { get; init; } = true;

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private async Task ServeAsync(Socket client, CancellationToken cancellationToken)
    {
        var line = (await ReadHeadAsync(client, cancellationToken)).Split("\r\n")[0].Split(' ');
        _tunnels.Enqueue(line[0] == "CONNECT" ? line[1] : string.Join(' ', line));
        if (!IsOpen)
        {
            await LoopbackListener.SendAsync(client, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), cancellationToken);
            return;
        }

        using var host = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await host.ConnectAsync(new IPEndPoint(IPAddress.Loopback, int.Parse(line[1].Split(':')[^1], null)), cancellationToken);
        await LoopbackListener.SendAsync(client, "HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), cancellationToken);
        await Task.WhenAny(PassAsync(client, host, cancellationToken), PassAsync(host, client, cancellationToken));
    }

    private static async Task<string> ReadHeadAsync(Socket client, CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await client.ReceiveAsync(one, cancellationToken) > 0)
        {
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private static async Task PassAsync(Socket from, Socket to, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        while (await from.ReceiveAsync(buffer, cancellationToken) is var count and > 0)
        {
            await LoopbackListener.SendAsync(to, buffer.AsMemory(0, count), cancellationToken);
        }
    }
}
