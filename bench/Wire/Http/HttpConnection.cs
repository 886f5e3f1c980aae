using System.Buffers;
using System.Globalization;
using System.Text;

namespace Registry.Bench.Wire.Http;

/// <summary>
/// A connection for HTTP/1.1 that needs almost no CPU, so that the server alone is measured: blocking, one request at a time, bodies discarded
/// or sent by the kernel. It supports only Content-Length, as the servers here answer.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    /// <summary>Size of the buffer for the answers, in bytes.</summary>
    public const int BufferSize = 256 * 1024;

    private readonly Link _link;
    private readonly byte[] _buffer;
    private readonly string _host;
    private int _start;
    private int _end;

    public HttpConnection(ServerAddress server)
        : this(server, Link.Open(server), new byte[BufferSize])
    {
    }

    /// <summary>Uses an open link, and a buffer of any size that a head fits in.</summary>
    public HttpConnection(ServerAddress server, Link link, byte[] buffer)
    {
        _host = server.ToString();
        _link = link;
        _buffer = buffer;
    }

    /// <summary>Sends a request, reads its answer and discards the body.</summary>
    /// <exception cref="InvalidOperationException">The answer has another status.</exception>
    public HttpHead Exchange(int expectedStatus, string method, string target, ReadOnlySpan<byte> body = default, string contentType = "", string accept = "*/*")
    {
        SendHead(method, target, body.Length, contentType, accept);
        if (body.Length > 0)
        {
            _link.Send(body);
        }

        return Finish(expectedStatus, method);
    }

    /// <summary>Sends a request with a large body, and reads its answer.</summary>
    public HttpHead Exchange(int expectedStatus, string method, string target, UploadBody body)
    {
        SendHead(method, target, body.Length, "application/octet-stream");
        _link.Send(body);
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
                _end = _link.Receive(_buffer);
            }

            var piece = _buffer.AsSpan(_start, (int)Math.Min(left, _end - _start));
            take(piece);
            _start += piece.Length;
            left -= piece.Length;
        }
    }

    /// <summary>Gets a body, or ranges of it, and discards it.</summary>
    /// <param name="target">The request target.</param>
    /// <param name="range">Value of Range; empty for the whole.</param>
    /// <returns>The length of the body.</returns>
    public long Discard(string target, string range = "")
    {
        SendHead("GET", target, 0, string.Empty, range: range);
        var head = ReadHead();
        Expect(range.Length == 0 ? 200 : 206, head, "GET", target);
        DiscardBody(head.Length);
        return head.Length;
    }

    /// <summary>
    /// Gets a body that the kernel drops before it reaches this process, and before it is decrypted. The answer is not checked, and the connection
    /// cannot be used afterwards.
    /// </summary>
    /// <param name="target">The request target.</param>
    /// <param name="length">Length of the body in bytes; the last bytes on the wire, as many as head and encryption add, are not awaited.</param>
    public void Drop(string target, long length)
    {
        SendHead("GET", target, 0, string.Empty);
        _link.Drop(length);
    }

    /// <summary>Gets a body of which only the first bytes reach this process: the kernel drops the rest. The connection cannot be used afterwards.</summary>
    /// <param name="target">The request target.</param>
    /// <param name="begins">Called when the first bytes are here.</param>
    /// <returns>The length of the body.</returns>
    /// <exception cref="EndOfStreamException">The body is shorter than its head says.</exception>
    public long DropRest(string target, Action begins)
    {
        SendHead("GET", target, 0, string.Empty);
        var head = ReadHead();
        Expect(200, head, "GET", target);
        if (_start == _end)
        {
            _start = 0;
            _end = _link.Receive(_buffer);
        }

        begins();
        _link.Drop(head.Length - (_end - _start));
        return head.Length;
    }

    public void Dispose() => _link.Dispose();

    private HttpHead Finish(int expectedStatus, string method)
    {
        var head = ReadHead();
        DiscardBody(method == "HEAD" ? 0 : head.Length);
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
    private void SendHead(string method, string target, long length, string contentType, string accept = "*/*", string range = "")
    {
        var head = new StringBuilder($"{method} {target} HTTP/1.1\r\nHost: {_host}\r\n");
        if (method is "GET" or "HEAD")
        {
            head.Append($"Accept: {accept}\r\n");
            if (range.Length > 0)
            {
                head.Append($"Range: {range}\r\n");
            }
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

        _link.Send(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
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

            _end += _link.Receive(_buffer.AsSpan(_end));
        }

        var text = Encoding.Latin1.GetString(_buffer, _start, length);
        _start += length + 4;
        return HttpHead.Parse(text);
    }

    private void DiscardBody(long length)
    {
        var buffered = (int)Math.Min(length, _end - _start);
        _start += buffered;
        for (var left = length - buffered; left > 0;)
        {
            left -= _link.Receive(_buffer.AsSpan(0, (int)Math.Min(left, _buffer.Length)));
        }
    }
}
