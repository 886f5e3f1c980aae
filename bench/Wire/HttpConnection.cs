using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Registry.Bench.Wire;

/// <summary>
/// A connection that needs almost no CPU, so that the server alone is measured: blocking, one request at a time, bodies discarded or sent by
/// the kernel. It supports only HTTP/1.1 with Content-Length, as the servers here answer.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    private const int BufferSize = 256 * 1024;
    private const int PatienceMilliseconds = 300_000;

    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly string _host;
    private int _start;
    private int _end;

    public HttpConnection(IPEndPoint endpoint)
    {
        _host = endpoint.ToString();
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = PatienceMilliseconds,
            SendTimeout = PatienceMilliseconds,
        };
        _socket.Connect(endpoint);
    }

    /// <summary>Sends a request, reads its answer and discards the body.</summary>
    /// <exception cref="InvalidOperationException">The answer has another status.</exception>
    public HttpHead Exchange(int expectedStatus, string method, string target, ReadOnlySpan<byte> body = default, string contentType = "")
    {
        SendHead(method, target, body.Length, contentType);
        if (body.Length > 0)
        {
            _socket.Send(body);
        }

        return Finish(expectedStatus, method);
    }

    /// <summary>Sends a request whose body the kernel reads from a file, and reads its answer.</summary>
    public HttpHead Exchange(int expectedStatus, string method, string target, UploadBody body)
    {
        SendHead(method, target, body.Length, "application/octet-stream");
        _socket.SendFile(body.Path, null, body.Tail, TransmitFileOptions.UseDefaultWorkerThread);
        return Finish(expectedStatus, method);
    }

    /// <summary>Gets a body and returns it.</summary>
    public byte[] Get(string target, string accept)
    {
        var body = new ArrayBufferWriter<byte>();
        Read(target, piece => body.Write(piece), accept);
        return body.WrittenSpan.ToArray();
    }

    /// <summary>Gets a body and passes it on in pieces.</summary>
    public void Read(string target, Action<ReadOnlySpan<byte>> take, string accept = "*/*")
    {
        SendHead("GET", target, 0, string.Empty, accept);
        var head = ReadHead();
        Expect(200, head, "GET", target);
        for (var left = head.Length; left > 0;)
        {
            if (_start == _end)
            {
                _start = 0;
                _end = Received(_socket.Receive(_buffer));
            }

            var piece = _buffer.AsSpan(_start, (int)Math.Min(left, _end - _start));
            take(piece);
            _start += piece.Length;
            left -= piece.Length;
        }
    }

    /// <summary>Gets a body and discards it.</summary>
    /// <param name="target">The request target.</param>
    /// <param name="unread">Lets the kernel drop the bytes without copying them to this process.</param>
    /// <returns>The length of the body.</returns>
    public long Discard(string target, bool unread = false)
    {
        SendHead("GET", target, 0, string.Empty);
        var head = ReadHead();
        Expect(200, head, "GET", target);
        DiscardBody(head.Length, unread);
        return head.Length;
    }

    public void Dispose() => _socket.Dispose();

    private HttpHead Finish(int expectedStatus, string method)
    {
        var head = ReadHead();
        DiscardBody(method == "HEAD" ? 0 : head.Length, unread: false);
        Expect(expectedStatus, head, method, string.Empty);
        return head;
    }

    private static void Expect(int status, HttpHead head, string method, string target)
    {
        if (head.Status != status)
        {
            throw new InvalidOperationException($"{method} {target} was answered with {head.Status} instead of {status}: {head.Text}");
        }
    }

    // A negative length means a body in chunks.
    private void SendHead(string method, string target, long length, string contentType, string accept = "*/*")
    {
        var head = new StringBuilder($"{method} {target} HTTP/1.1\r\nHost: {_host}\r\n");
        if (method is "GET")
        {
            head.Append($"Accept: {accept}\r\n");
        }
        else if (length < 0)
        {
            head.Append("Transfer-Encoding: chunked\r\n");
        }
        else
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {length}\r\n");
        }

        if (contentType.Length > 0)
        {
            head.Append($"Content-Type: {contentType}\r\n");
        }

        _socket.Send(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
    }

    private HttpHead ReadHead()
    {
        int length;
        while ((length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (_start == _end)
            {
                _start = _end = 0;
            }

            _end += Received(_socket.Receive(_buffer.AsSpan(_end)));
        }

        var text = Encoding.Latin1.GetString(_buffer, _start, length);
        _start += length + 4;
        return HttpHead.Parse(text);
    }

    private void DiscardBody(long length, bool unread)
    {
        var buffered = (int)Math.Min(length, _end - _start);
        _start += buffered;
        for (var left = length - buffered; left > 0;)
        {
            // tcp(7): MSG_TRUNC discards.
            var piece = _buffer.AsSpan(0, (int)Math.Min(left, _buffer.Length));
            left -= Received(_socket.Receive(piece, unread ? SocketFlags.Truncated : SocketFlags.None));
        }
    }

    private static int Received(int count) => count > 0 ? count : throw new EndOfStreamException("The server closed the connection.");
}
