using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Registry.Testing.Connections;

/// <summary>Connection for arbitrary bytes, for requests that no HTTP client sends.</summary>
public sealed class RawConnection : IDisposable
{
    private const int BufferSize = 64 * 1024;

    private readonly Socket _socket;
    private readonly List<byte> _received = [];
    private Stream _stream;
    private byte[] _buffer = [];

    private RawConnection(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket);
    }

    /// <summary>The connection as a stream, inside TLS if there is any.</summary>
    public Stream Stream => _stream;

    /// <summary>Connects to a registry.</summary>
    public static Task<RawConnection> OpenAsync(TestRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return OpenAsync(new Uri(registry.Host.Addresses[0]));
    }

    /// <summary>Connects to a registry without TLS, even if its port speaks TLS.</summary>
    public static Task<RawConnection> OpenPlainAsync(TestRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return OpenAsync(new UriBuilder(registry.Host.Addresses[0]) { Scheme = Uri.UriSchemeHttp }.Uri);
    }

    /// <summary>True when a new connection is closed or reset before its client gets an answer.</summary>
    /// <param name="registry">The registry.</param>
    /// <param name="from">Address of the client; null for the system's choice.</param>
    /// <param name="sent">What the client sends.</param>
    public static async Task<bool> IsRefusedAsync(TestRegistry registry, IPAddress? from = null, string sent = "")
    {
        ArgumentNullException.ThrowIfNull(registry);
        try
        {
            using var connection = await OpenAsync(new Uri(registry.Host.Addresses[0]), from);
            await connection.SendAsync(sent);
            return await connection.IsClosedAsync();
        }
        catch (Exception e) when (e is SocketException { SocketErrorCode: SocketError.ConnectionReset } or IOException { InnerException: SocketException })
        {
            return true;
        }
    }

    /// <summary>Connects to a registry at an address. The scheme https stands for TLS with any certificate.</summary>
    /// <param name="address">Address of the registry.</param>
    /// <param name="from">Address of the client; null for the system's choice.</param>
    /// <param name="receiveBuffer">Receive buffer of the client in bytes; null for the system's. A small one soon fills the server's socket.</param>
    /// <param name="protocol">The protocol to agree on within TLS; HTTP/1.1 unless stated.</param>
    /// <param name="cancellationToken">Cancels the connecting.</param>
    public static async Task<RawConnection> OpenAsync(
        Uri address, IPAddress? from = null, int? receiveBuffer = null, SslApplicationProtocol? protocol = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (from is not null)
            {
                socket.Bind(new IPEndPoint(from, 0));
            }

            if (receiveBuffer is { } size)
            {
                socket.ReceiveBufferSize = size;
            }

            await socket.ConnectAsync(address.Host, address.Port, cancellationToken);
            var connection = new RawConnection(socket);
            if (address.Scheme == Uri.UriSchemeHttps)
            {
                await connection.BeginTlsAsync(protocol ?? SslApplicationProtocol.Http11, cancellationToken);
            }

            return connection;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends one request on a new connection: a request line and headers, without the final empty line.</summary>
    public static async Task<Answer> ExchangeAsync(TestRegistry registry, string head, string body = "")
    {
        ArgumentNullException.ThrowIfNull(head);
        using var connection = await OpenAsync(registry);
        await connection.SendAsync($"{head}\r\n\r\n{body}");
        return await connection.ReadAnswerAsync(head.StartsWith("HEAD ", StringComparison.Ordinal));
    }

    /// <summary>Sends text, one byte a character.</summary>
    public Task SendAsync(string text, CancellationToken cancellationToken = default) => SendAsync(Encoding.Latin1.GetBytes(text), cancellationToken);

    /// <summary>Sends bytes.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience.Limit);
        await _stream.WriteAsync(bytes, deadline.Token);
    }

    /// <summary>Closes the sending side.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Aborts the connection with a reset.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    /// <summary>Reads one response.</summary>
    /// <exception cref="EndOfStreamException">The connection ended before the response did.</exception>
    public async Task<Answer> ReadAnswerAsync(bool isHead = false, CancellationToken cancellationToken = default)
    {
        int end;
        while ((end = Text().IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
        {
            if (!await ReceiveAsync(cancellationToken))
            {
                throw new EndOfStreamException($"The connection ended after '{Text()}'.");
            }
        }

        var lines = Text()[..end].Split("\r\n");
        _received.RemoveRange(0, end + 4);
        List<(string, string)> headers = [.. lines[1..].Select(line => (line[..line.IndexOf(':', StringComparison.Ordinal)], line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()))];
        var answer = new Answer(int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture), headers, []);
        var isEmpty = isHead || answer.Status is < 200 or 204 or 304;
        return isEmpty ? answer : answer with { Body = await ReadBodyAsync(answer, cancellationToken) };
    }

    /// <summary>Waits for the server to close the connection.</summary>
    /// <returns>False if the server sends something first.</returns>
    public async Task<bool> IsClosedAsync() => _received.Count == 0 && !await ReceiveAsync(CancellationToken.None);

    /// <summary>Reads until the server closes the connection.</summary>
    public async Task<byte[]> ReadToEndAsync(CancellationToken cancellationToken = default)
    {
        while (await ReceiveAsync(cancellationToken))
        {
        }

        return [.. _received];
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private async Task BeginTlsAsync(SslApplicationProtocol protocol, CancellationToken cancellationToken)
    {
#pragma warning disable CA5359 // It is the registry that was just started; other tests check certificates.
        var tls = new SslStream(_stream, leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359
        _stream = tls;
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", ApplicationProtocols = [protocol] }, cancellationToken);
    }

    private async Task<byte[]> ReadBodyAsync(Answer answer, CancellationToken cancellationToken)
    {
        if (answer["Transfer-Encoding"] is not null)
        {
            return await ReadChunksAsync(cancellationToken);
        }

        while (answer.Length < 0 || _received.Count < answer.Length)
        {
            if (!await ReceiveAsync(cancellationToken))
            {
                break;
            }
        }

        var body = _received.GetRange(0, answer.Length < 0 ? _received.Count : (int)Math.Min(answer.Length, _received.Count));
        _received.RemoveRange(0, body.Count);
        return [.. body];
    }

    // RFC 9112, section 7.1; the registry sends neither extensions nor trailers.
    private async Task<byte[]> ReadChunksAsync(CancellationToken cancellationToken)
    {
        var body = new List<byte>();
        for (var length = -1; length != 0;)
        {
            int end;
            while ((end = Text().IndexOf("\r\n", StringComparison.Ordinal)) < 0)
            {
                await MustReceiveAsync(cancellationToken);
            }

            length = int.Parse(Text()[..end], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            while (_received.Count < end + 2 + length + 2)
            {
                await MustReceiveAsync(cancellationToken);
            }

            body.AddRange(_received.GetRange(end + 2, length));
            _received.RemoveRange(0, end + 2 + length + 2);
        }

        return [.. body];
    }

    private async Task MustReceiveAsync(CancellationToken cancellationToken)
    {
        if (!await ReceiveAsync(cancellationToken))
        {
            throw new EndOfStreamException("The connection ended within a chunk.");
        }
    }

    private string Text() => Encoding.Latin1.GetString([.. _received]);

    private async Task<bool> ReceiveAsync(CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience.Limit);
        try
        {
            // Not before it is needed: there are tests with thousands of connections.
            _buffer = _buffer.Length == 0 ? new byte[BufferSize] : _buffer;
            var count = await _stream.ReadAsync(_buffer, deadline.Token);
            _received.AddRange(_buffer.AsSpan(0, count));
            return count > 0;
        }
        catch (IOException)
        {
            // A reset is an end, too.
            return false;
        }
    }
}
