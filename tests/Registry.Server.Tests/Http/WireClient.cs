using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using static Registry.Testing.Connections.Http2Frames;

namespace Registry.Server.Tests.Http;

/// <summary>Client that implements just enough of a protocol to begin requests, and to leave their responses unread.</summary>
internal sealed class WireClient : IDisposable
{
    // Linux: TCP_QUICKACK of IPPROTO_TCP (tcp(7)).
    private const int Tcp = 6;
    private const int QuickAck = 12;

    private readonly Socket _socket;
    private Stream _stream = Stream.Null;
    private bool _isHttp2;
    private bool _isTls;
    private int _nextStream = 1;

    private WireClient(int receiveBuffer) =>
        _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = receiveBuffer };

    /// <summary>Connects to a registry.</summary>
    /// <param name="registry">The registry. With HTTP/2 in clear text, its second address has that.</param>
    /// <param name="wire">Protocol.</param>
    /// <param name="window">Number of bytes that the server may send on a stream of HTTP/2 (RFC 9113, section 6.9).</param>
    /// <param name="from">Address of the client; null for the system's choice.</param>
    /// <param name="receiveBuffer">Receive buffer of the client, in bytes.</param>
    public static async Task<WireClient> ConnectAsync(
        TestRegistry registry, WireKind wire, int window = 0x10_0000, IPAddress? from = null, int receiveBuffer = 64 * 1024)
    {
        var client = new WireClient(receiveBuffer) { _isHttp2 = wire is WireKind.Http2 or WireKind.Http2OverTls, _isTls = wire is WireKind.Tls or WireKind.Http2OverTls };
        client._socket.Bind(new IPEndPoint(from ?? IPAddress.Any, 0));
        var address = new Uri(registry.Host.Addresses[wire == WireKind.Http2 ? 1 : 0]);
        await client._socket.ConnectAsync(address.Host, address.Port);
        client._stream = new NetworkStream(client._socket);
        if (client._isTls)
        {
#pragma warning disable CA5359 // It is the registry that was just started.
            var tls = new SslStream(client._stream, false, (_, _, _, _) => true);
#pragma warning restore CA5359
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ApplicationProtocols = [client._isHttp2 ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11],
            });
            client._stream = tls;
        }

        if (client._isHttp2)
        {
            await client.SendAsync([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [0, 4, .. BigEndian(window)])]);
            await client.WidenAsync(0, 0x10_0000);
        }

        return client;
    }

    /// <summary>Begins a request, on a new stream of HTTP/2.</summary>
    /// <param name="method">GET or POST.</param>
    /// <param name="path">Its target.</param>
    /// <param name="length">Length of the body, with HTTP/1.1.</param>
    /// <param name="body">The part of the body that is sent.</param>
    /// <param name="headers">Further lines of the head, with HTTP/1.1.</param>
    public async Task RequestAsync(string method, string path, int length = 0, ReadOnlyMemory<byte> body = default, string headers = "")
    {
        if (!_isHttp2)
        {
            var header = headers + (body.IsEmpty ? string.Empty : $"Content-Length: {length}\r\n");
            await SendAsync([.. Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n"), .. body.Span]);
            return;
        }

        var stream = _nextStream;
        _nextStream += 2;
        byte[] fields = [(byte)(method == "GET" ? 0x82 : 0x83), (byte)(_isTls ? 0x87 : 0x86), .. LongLiteral(0x04, path), .. Literal(0x01, "localhost")];
        await SendAsync(Frame(Headers, (byte)(EndHeaders | (body.IsEmpty ? EndStream : 0)), stream, fields));
        if (!body.IsEmpty)
        {
            await SendAsync(Frame(0, 0, stream, body.ToArray()));
        }
    }

    /// <summary>Lets the server send more bytes: on a stream of HTTP/2, or with 0 on all together.</summary>
    public Task WidenAsync(int stream, int count) => SendAsync(Frame(WindowUpdate, 0, stream, BigEndian(count)));

    public Task SendAsync(byte[] bytes) => _stream.WriteAsync(bytes).AsTask();

    /// <summary>Reads and drops a number of bytes.</summary>
    public async Task TakeAsync(int count)
    {
        var buffer = new byte[16 * 1024];
        while (count > 0)
        {
            count -= await _stream.ReadAsync(buffer) is var read and > 0 ? read : throw new EndOfStreamException();
        }
    }

    /// <summary>Waits for an answer to a request for an existing thing: its first byte, or its body with HTTP/2.</summary>
    public Task AwaitAnswerAsync() => _isHttp2 ? AwaitFramesAsync(Data, 1) : TakeAsync(1);

    /// <summary>
    /// Waits until the server has sent all frames that follow an answer (RFC 9113, section 6.7), and acknowledges at once what has arrived: the system may wait for up to
    /// 40 milliseconds with that.
    /// </summary>
    public async Task SettleAsync()
    {
        if (_isHttp2)
        {
            await SendAsync(Frame(Ping, 0, 0, new byte[8]));
            await AwaitFramesAsync(Ping, 1);
        }

        _socket.SetRawSocketOption(Tcp, QuickAck, BitConverter.GetBytes(1));
    }

    /// <summary>Reads a KiB at a time, and sends a frame after each, as clients of HTTP/2 do.</summary>
    /// <inheritdoc cref="CountToEndAsync()"/>
    public Task<int> ReadSlowlyToEndAsync() => CountToEndAsync(new byte[1024], () => WidenAsync(0, 1));

    /// <summary>Reads and drops everything until the server closes the connection.</summary>
    /// <exception cref="IOException">The connection was reset.</exception>
    public Task ReadToEndAsync() => CountToEndAsync();

    /// <inheritdoc cref="ReadToEndAsync"/>
    /// <returns>The number of bytes.</returns>
    public Task<int> CountToEndAsync() => CountToEndAsync(new byte[16 * 1024], () => Task.CompletedTask);

    /// <summary>Reads frames of HTTP/2 until a number of them has a type.</summary>
    public async Task AwaitFramesAsync(byte type, int count)
    {
        using var deadline = new CancellationTokenSource(Patience.Limit);
        while (count > 0)
        {
            count -= (await ReadAsync(_stream, deadline.Token)).Type == type ? 1 : 0;
        }
    }

    /// <summary>Reads the settings that the server sends first (RFC 9113, section 3.4).</summary>
    /// <returns>Values by the number of the setting.</returns>
    public async Task<Dictionary<byte, int>> ReadSettingsAsync()
    {
        using var deadline = new CancellationTokenSource(Patience.Limit);
        var (type, payload) = await ReadAsync(_stream, deadline.Token);
        return type == Settings
            ? payload.Chunk(6).ToDictionary(setting => setting[1], setting => BinaryPrimitives.ReadInt32BigEndian(setting.AsSpan(2)))
            : throw new InvalidDataException($"The first frame has type {type}.");
    }

    /// <summary>Closes the sending side. The rest of the answer can still be read.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends the connection.</summary>
    public void End(Ending ending)
    {
        if (ending == Ending.Reset)
        {
            _socket.LingerState = new LingerOption(true, 0);
        }
        else
        {
            _socket.Shutdown(SocketShutdown.Send);
        }

        _socket.Close();
    }

    public void Dispose() => _socket.Dispose();

    private async Task<int> CountToEndAsync(byte[] buffer, Func<Task> answer)
    {
        using var deadline = new CancellationTokenSource(Patience.Limit);
        var total = 0;
        while (await _stream.ReadAsync(buffer, deadline.Token) is var count and > 0)
        {
            total += count;
            await answer();
        }

        return total;
    }

    private static byte[] BigEndian(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    // Lengths from 127 take a second byte (RFC 7541, section 5.1); none here takes a third.
    private static byte[] LongLiteral(byte index, string value) => value.Length < 127
        ? Literal(index, value)
        : [index, 127, (byte)(value.Length - 127), .. Encoding.ASCII.GetBytes(value)];
}
