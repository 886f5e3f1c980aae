using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace Registry.Bench.Mirror;

/// <summary>A link to a server with a rate, which its connections share, and a delay: what comes from the server passes at the rate, and everything arrives after the delay.</summary>
internal sealed class SlowLink : IAsyncDisposable
{
    private const int PieceSize = 16 * 1024;

    // In seconds.
    private const double Shortest = 0.002;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _server;
    private readonly double _bytesPerSecond;
    private readonly TimeSpan _delay;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly Task _accepting;
    private double _freeAt;
    private long _received;
    private volatile byte[]? _watched;
    private long _answeredAt;

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

    /// <summary>Time at which the first answer to the watched request began to arrive, as a timestamp; 0 before.</summary>
    public long AnsweredAt => Interlocked.Read(ref _answeredAt);

    /// <summary>Watches for a request, in place of the one before.</summary>
    /// <param name="words">Words of its head.</param>
    public void Watch(string words)
    {
        _watched = Encoding.ASCII.GetBytes(words);
        Interlocked.Exchange(ref _answeredAt, 0);
    }

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
                var asked = new Asked();
                await Task.WhenAll(PassAsync(client, server, isAnswer: false, asked), PassAsync(server, client, isAnswer: true, asked));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // One side has ended the connection.
            }
        }
    }

    private async Task PassAsync(Socket from, Socket to, bool isAnswer, Asked asked)
    {
        // As much as a link of this rate and delay holds, and no more: what the server sends beyond waits in its socket.
        var onTheWay = Channel.CreateBounded<(byte[] Bytes, double At)>(64);
        var delivering = DeliverAsync(onTheWay.Reader, to, isAnswer, asked);
        try
        {
            for (var wasStopped = true; ;)
            {
                var piece = new byte[PieceSize];
                var receiving = from.ReceiveAsync(piece, _stopping.Token);

                // What is here already waits for the link alone, so a timer that ends late costs the link no time.
                var isNext = receiving.IsCompleted && !wasStopped;
                var count = await receiving;
                if (count == 0)
                {
                    break;
                }

                var passed = Now();
                if (isAnswer)
                {
                    Interlocked.Add(ref _received, count);
                    passed = Book(count, isNext);
                    await WaitUntilAsync(passed);
                }
                else if (piece.AsSpan(0, count) is var head && head.StartsWith("GET "u8) && _watched is { } watched && head.IndexOf(watched) >= 0)
                {
                    asked.Watched = watched;
                }

                var writing = onTheWay.Writer.WriteAsync((piece[..count], passed + _delay.TotalSeconds), _stopping.Token);
                wasStopped = !writing.IsCompleted;
                await writing;
            }
        }
        finally
        {
            onTheWay.Writer.Complete();
            await delivering;
        }
    }

    private async Task DeliverAsync(ChannelReader<(byte[] Bytes, double At)> onTheWay, Socket to, bool isAnswer, Asked asked)
    {
        await foreach (var (bytes, at) in onTheWay.ReadAllAsync(_stopping.Token))
        {
            await WaitUntilAsync(at);
            if (isAnswer && asked.Watched is { } watched && watched == _watched)
            {
                Interlocked.CompareExchange(ref _answeredAt, Stopwatch.GetTimestamp(), 0);
            }

            for (var sent = 0; sent < bytes.Length;)
            {
                sent += await to.SendAsync(bytes.AsMemory(sent), _stopping.Token);
            }
        }

        to.Shutdown(SocketShutdown.Send);
    }

    // Time at which the link has passed so many bytes, behind those of other connections, in seconds.
    private double Book(int count, bool isNext)
    {
        lock (_lock)
        {
            _freeAt = (isNext ? _freeAt : Math.Max(_freeAt, Now())) + (count / _bytesPerSecond);
            return _freeAt;
        }
    }

    // Times that are shorter than a timer measures add up until they are not.
    private async Task WaitUntilAsync(double at)
    {
        if (at - Now() is var left && left >= Shortest)
        {
            await Task.Delay(TimeSpan.FromSeconds(left), _stopping.Token);
        }
    }

    private static double Now() => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

    // The watched request that a connection has passed.
    private sealed class Asked
    {
        public volatile byte[]? Watched;
    }
}
