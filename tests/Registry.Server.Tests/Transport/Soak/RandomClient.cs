using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using static Registry.Server.Tests.Transport.Fixtures.Turns;

namespace Registry.Server.Tests.Transport.Soak;

#pragma warning disable CA5394 // No secrets: the same seed makes the same clients.

/// <summary>
/// Connection with behaviour from a seed, in clear text or with TLS: it works normally, breaks off at any byte, or reads slowly.
/// </summary>
internal sealed class RandomClient : IDisposable
{
    // Beginning of a handshake (RFC 8446, section 4.1.2).
    private static readonly byte[] ClientHello = [22, 3, 1, 2, 0, 1, 0, 1];

    private readonly Random _random;
    private readonly Socket _socket;
    private readonly Uri _server;
    private readonly IReadOnlyList<TestBlob> _blobs;
    private readonly byte[] _buffer;
    private Stream _stream = Stream.Null;

    public RandomClient(int seed, Uri server, IReadOnlyList<TestBlob> blobs, byte[] buffer)
    {
        _random = new Random(seed);
        _server = server;
        _blobs = blobs;
        _buffer = buffer;
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        // One address has fewer ports than there are connections that have just ended.
        _socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)(1 + (seed & 127))]), 0));
    }

    public async Task RunAsync(CancellationToken deadline)
    {
        var behaviour = _random.Next(100);
        if (behaviour < 10)
        {
            // Before connecting: it is the window that is announced.
            _socket.ReceiveBufferSize = 1 << _random.Next(10, 16);
        }

        await _socket.ConnectAsync(IPAddress.Loopback, _server.Port, deadline);
        _stream = new NetworkStream(_socket);
        if (_server.Scheme == Uri.UriSchemeHttps && behaviour < 98)
        {
            await BeginTlsAsync(deadline);
        }

        try
        {
            await (behaviour switch
            {
                < 30 => DownloadAsync(_random.Next(1, 4), deadline),
                < 45 => BreakOffRequestAsync(deadline),
                < 80 => BreakOffAnswersAsync(deadline),
                < 90 => BreakOffUploadAsync(deadline),
                < 91 => UploadAsync(deadline),
                < 95 => EndSendingAsync(deadline),
                98 => _stream.WriteAsync(ClientHello, deadline).AsTask(),
                _ => Task.CompletedTask,
            });
        }
        catch (Exception e) when (behaviour >= 30 && e is IOException or SocketException)
        {
            // Broken off by either side: expected of clients like these. Well-behaved ones are always served.
        }

        Leave();
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private async Task DownloadAsync(int count, CancellationToken deadline)
    {
        for (; count > 0; count--)
        {
            var blob = Choose();
            await SendAsync(Get(blob), deadline);
            var start = await ReceiveHeadAsync(200, deadline);
            var received = start.Length;
            Assert.True(start.AsSpan().SequenceEqual(blob.Bytes.AsSpan(0, received)), "The bytes are not those of the blob.");
            while (received < blob.Bytes.Length)
            {
                var piece = _buffer.AsMemory(0, await _stream.ReadAsync(_buffer, deadline));
                Expect(piece.ToArray(), blob, received);
                received += piece.Length;
            }
        }
    }

    private async Task UploadAsync(CancellationToken deadline)
    {
        var blob = new TestBlob(new byte[500]);
        _random.NextBytes(blob.Bytes);
        blob = new TestBlob(blob.Bytes);
        await SendAsync(Exchanges.Bodies.Post(blob), deadline);
        await _stream.WriteAsync(blob.Bytes, deadline);
        await ReceiveHeadAsync(201, deadline);
    }

    private Task BreakOffRequestAsync(CancellationToken deadline)
    {
        var request = Get(Choose());
        return SendAsync(request[.._random.Next(request.Length)], deadline);
    }

    private async Task BreakOffAnswersAsync(CancellationToken deadline)
    {
        var blob = Choose();
        var count = _random.Next(1, 4);
        var isInParts = _random.Next(4) == 0;
        await SendAsync(string.Concat(Enumerable.Repeat(isInParts ? Get(blob, "Range: bytes=0-10,20-30,5-500") : Get(blob), count)), deadline);

        // Never more than there will be: waiting for it would last until the server takes the connection for idle.
        for (var left = _random.Next(isInParts ? 500 : count * Math.Min(blob.Bytes.Length, 100_000)); left > 0;)
        {
            var received = await _stream.ReadAsync(_buffer.AsMemory(0, Math.Min(left, _buffer.Length)), deadline);
            left = received == 0 ? 0 : left - received;
        }
    }

    private async Task BreakOffUploadAsync(CancellationToken deadline)
    {
        var body = _buffer.AsMemory(0, _random.Next(_buffer.Length));
        await SendAsync($"PATCH /v2/t/blobs/uploads/{Guid.Empty} HTTP/1.1\r\nHost: r\r\nContent-Length: {_buffer.Length}\r\n\r\n", deadline);
        await _stream.WriteAsync(body, deadline);
    }

    private async Task EndSendingAsync(CancellationToken deadline)
    {
        await SendAsync(Get(Choose()), deadline);
        await (_stream is SslStream tls ? tls.ShutdownAsync() : Task.CompletedTask);
        _socket.Shutdown(SocketShutdown.Send);
        while (await _stream.ReadAsync(_buffer, deadline) > 0)
        {
        }
    }

    private void Leave()
    {
        if (_random.Next(2) == 0)
        {
            _socket.LingerState = new LingerOption(true, 0);
        }

        _socket.Dispose();
    }

    private async Task BeginTlsAsync(CancellationToken deadline)
    {
#pragma warning disable CA5359 // It is the registry that was just started.
        var tls = new SslStream(_stream, leaveInnerStreamOpen: true, (_, _, _, _) => true);
#pragma warning restore CA5359
        _stream = tls;
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, deadline);
    }

    private TestBlob Choose() => _blobs[_random.Next(_blobs.Count)];

    private async Task SendAsync(string text, CancellationToken deadline) => await _stream.WriteAsync(Encoding.ASCII.GetBytes(text), deadline);

    // What follows the head in the same piece.
    private async Task<byte[]> ReceiveHeadAsync(int status, CancellationToken deadline)
    {
        var received = 0;
        int end;
        while ((end = _buffer.AsSpan(0, received).IndexOf("\r\n\r\n"u8)) < 0)
        {
            var count = await _stream.ReadAsync(_buffer.AsMemory(received), deadline);
            Assert.True(count > 0, "The connection ended before an answer.");
            received += count;
        }

        Assert.StartsWith($"HTTP/1.1 {status} ", Encoding.ASCII.GetString(_buffer, 0, end), StringComparison.Ordinal);
        return _buffer[(end + 4)..received];
    }

    private static void Expect(byte[] piece, TestBlob blob, int offset) => Assert.True(
        piece.Length > 0 && piece.AsSpan().SequenceEqual(blob.Bytes.AsSpan(offset, piece.Length)), "The connection ended, or the bytes are not those of the blob.");
}
