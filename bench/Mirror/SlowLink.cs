using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Registry.Bench.Mirror;

/// <summary>A link to a server with a rate, which its connections share, and a delay: what comes from the server passes at the rate, and everything arrives after the delay.</summary>
internal sealed class SlowLink : IAsyncDisposable
{
    private const int PieceSize = 16 * 1024;

    private static readonly byte[] Blob = "/blobs/sha256:"u8.ToArray();

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _server;
    private readonly double _bytesPerSecond;
    private readonly TimeSpan _delay;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly Task _accepting;
    private double _freeAt;
    private long _received;
    private long _blobAt;

    /// <param name="server">The server.</param>
    /// <param name="bytesPerSecond">The rate.</param>
    /// <param name="delay">Time that each byte takes, in either direction.</param>
    public SlowLink(IPEndPoint server, double bytesPerSecond, TimeSpan delay)
    {
        (_server, _bytesPerSecond, _delay) = (server, bytesPerSecond, delay);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Address of the link.</summary>
    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Number of bytes that have come from the server.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>Time at which the first answer to a GET of a blob began to arrive, as a timestamp; 0 before.</summary>
    public long BlobAt => Interlocked.Read(ref _blobAt);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
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
                connections.Add(PassAsync(await _listener.AcceptSocketAsync(_stopping.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task PassAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(_server, _stopping.Token);
                var asked = new StrongBox();
                await Task.WhenAll(PassAsync(client, server, isAnswer: false, asked), PassAsync(server, client, isAnswer: true, asked));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // One side has ended the connection.
            }
        }
    }

    private async Task PassAsync(Socket from, Socket to, bool isAnswer, StrongBox asked)
    {
        // As much as a link of this rate and delay holds, and no more: what the server sends beyond waits in its socket.
        var onTheWay = Channel.CreateBounded<(byte[] Bytes, long At)>(64);
        var delivering = DeliverAsync(onTheWay.Reader, to, isAnswer, asked);
        try
        {
            while (true)
            {
                var piece = new byte[PieceSize];
                var count = await from.ReceiveAsync(piece, _stopping.Token);
                if (count == 0)
                {
                    break;
                }

                if (isAnswer)
                {
                    Interlocked.Add(ref _received, count);
                    await Task.Delay(Book(count), _stopping.Token);
                }
                else if (piece.AsSpan(0, count).StartsWith("GET "u8) && piece.AsSpan(0, count).IndexOf(Blob) >= 0)
                {
                    asked.IsBlob = true;
                }

                await onTheWay.Writer.WriteAsync((piece[..count], Stopwatch.GetTimestamp() + (long)(_delay.TotalSeconds * Stopwatch.Frequency)), _stopping.Token);
            }
        }
        finally
        {
            onTheWay.Writer.Complete();
            await delivering;
        }
    }

    private async Task DeliverAsync(ChannelReader<(byte[] Bytes, long At)> onTheWay, Socket to, bool isAnswer, StrongBox asked)
    {
        await foreach (var (bytes, at) in onTheWay.ReadAllAsync(_stopping.Token))
        {
            var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), at);
            if (left > TimeSpan.FromMilliseconds(1))
            {
                await Task.Delay(left, _stopping.Token);
            }

            if (isAnswer && asked.IsBlob)
            {
                Interlocked.CompareExchange(ref _blobAt, Stopwatch.GetTimestamp(), 0);
            }

            for (var sent = 0; sent < bytes.Length;)
            {
                sent += await to.SendAsync(bytes.AsMemory(sent), _stopping.Token);
            }
        }

        to.Shutdown(SocketShutdown.Send);
    }

    // Time until the link has passed so many bytes, behind those of other connections. Short times add up until a timer can measure them.
    private TimeSpan Book(int count)
    {
        lock (_lock)
        {
            var now = Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
            _freeAt = Math.Max(_freeAt, now) + (count / _bytesPerSecond);
            var wait = _freeAt - now;
            return wait < 0.005 ? TimeSpan.Zero : TimeSpan.FromSeconds(wait);
        }
    }

    private sealed class StrongBox
    {
        public volatile bool IsBlob;
    }
}
