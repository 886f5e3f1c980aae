using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Registry.Server.Tests.Transport.Fixtures;

/// <summary>
/// Client that sends arbitrary bytes, in clear text or with TLS, and records every received byte, except dates, boundaries and ids, which differ in every run. It ignores
/// failures to send when the server closes early: only the received bytes count.
/// </summary>
internal sealed partial class Wire : IDisposable
{
    private readonly Uri _address;
    private readonly int? _receiveBuffer;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly StringBuilder _transcript = new();
    private Socket _socket;
    private Stream _stream = Stream.Null;
    private int _start;
    private int _end;

    private Wire(Uri address, int? receiveBuffer)
    {
        _address = address;
        _receiveBuffer = receiveBuffer;
        _socket = Create();
    }

    /// <summary>All received bytes: one line per header, long bodies as their digest.</summary>
    public string Transcript => _transcript.ToString();

    /// <summary>Location of the latest upload, with its query.</summary>
    public string Location { get; private set; } = "/";

    /// <summary>Connects.</summary>
    /// <param name="registry">The registry.</param>
    /// <param name="receiveBuffer">Receive buffer of the client, in bytes. A small one fills the server's socket.</param>
    public static async Task<Wire> OpenAsync(TestRegistry registry, int? receiveBuffer = null)
    {
        var wire = new Wire(new Uri(registry.Host.Addresses[0]), receiveBuffer);
        await wire.ConnectAsync();
        return wire;
    }

    /// <summary>Requests a blob that is larger than the socket buffers, and waits for the first bytes of the response without reading them.</summary>
    public static async Task<Wire> BeginDownloadAsync(TestRegistry registry, TestBlob blob)
    {
        var wire = await OpenAsync(registry, receiveBuffer: 64 * 1024);
        await Turns.Send(Turns.Get(blob))(wire);
        await Turns.HasBegun(wire);
        return wire;
    }

    /// <summary>Abandons the connection and opens another.</summary>
    public async Task ReconnectAsync()
    {
        _socket.Dispose();
        _socket = Create();
        (_start, _end) = (0, 0);
        await ConnectAsync();
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using var deadline = new CancellationTokenSource(Patience.Limit);
        try
        {
            await _stream.WriteAsync(bytes, deadline.Token);
        }
        catch (IOException)
        {
            // Closed by the server; the answer may be here already.
        }
    }

    /// <summary>Sends a byte of urgent data.</summary>
    public void SendUrgent() => _socket.Send([0x21], SocketFlags.OutOfBand);

    /// <summary>Closes the sending side.</summary>
    public async Task EndSendingAsync()
    {
        try
        {
            await (_stream is SslStream tls ? tls.ShutdownAsync() : Task.CompletedTask);
        }
        catch (IOException)
        {
            // Closed by the server.
        }

        _socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Breaks the connection off with a reset.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    /// <summary>Closes the connection as most clients do, with data still in flight.</summary>
    public void Close() => _socket.Dispose();

    /// <summary>Waits for data or the end of the connection.</summary>
    public async Task ExpectBytesAsync() => _ = _start < _end ? null : await FillAsync();

    /// <summary>Reads some bytes without recording them.</summary>
    public async Task DiscardAsync(int count)
    {
        while (count > 0 && (_start < _end || await FillAsync() is null))
        {
            count -= Take(count).Length;
        }
    }

    /// <summary>Reads one response.</summary>
    public async Task<WireAnswer> ReceiveAsync(bool isHead = false)
    {
        var head = await ReadHeadAsync();
        var answer = new WireAnswer(head, []);
        if (answer.Status is >= 200 and not (204 or 304) && !isHead)
        {
            answer = answer with { Body = await ReadBodyAsync(answer) };
        }

        Location = answer["Location"] ?? Location;
        Write(answer);
        return answer;
    }

    /// <summary>Reads until the end of the connection, without recording.</summary>
    /// <param name="between">Action after every piece; null for none.</param>
    /// <returns>The bytes, and "closed" or "reset".</returns>
    public async Task<(byte[] Bytes, string End)> ReceiveRestAsync(Func<Task>? between = null)
    {
        var rest = new MemoryStream();
        while (true)
        {
            rest.Write(Take(_end - _start).Span);
            if (await FillAsync() is { } end)
            {
                return (rest.ToArray(), end);
            }

            await (between?.Invoke() ?? Task.CompletedTask);
        }
    }

    public void Note(string line) => _transcript.Append(line).Append('\n');

    public void Dispose() => _socket.Dispose();

    private Socket Create()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (_receiveBuffer is { } size)
        {
            socket.ReceiveBufferSize = size;
        }

        return socket;
    }

    private async Task ConnectAsync()
    {
        await _socket.ConnectAsync(_address.Host, _address.Port);
        _stream = new NetworkStream(_socket);
        if (_address.Scheme == Uri.UriSchemeHttps)
        {
#pragma warning disable CA5359 // The bytes are the point.
            var tls = new SslStream(_stream, leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359
            await tls.AuthenticateAsClientAsync(_address.Host);
            _stream = tls;
        }
    }

    private async Task<string> ReadHeadAsync()
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (_start == _end && await FillAsync() is { } end)
            {
                throw new EndOfStreamException($"{end} after '{head}'. Before that:\n{Transcript}");
            }

            var found = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            head.Append(Encoding.Latin1.GetString(Take(found < 0 ? _end - _start : found + 1).Span));
        }

        return head.ToString();
    }

    private async Task<byte[]> ReadBodyAsync(WireAnswer answer)
    {
        var body = new byte[long.Parse(answer["Content-Length"] ?? throw new InvalidDataException($"No length: {answer.Head}"), CultureInfo.InvariantCulture)];
        for (var read = 0; read < body.Length;)
        {
            if (_start == _end && await FillAsync() is { } end)
            {
                throw new EndOfStreamException($"{end} after {read} of {body.Length} bytes of\n{answer.Head}");
            }

            var part = Take(Math.Min(body.Length - read, _end - _start));
            part.CopyTo(body.AsMemory(read));
            read += part.Length;
        }

        return body;
    }

    private Memory<byte> Take(int count)
    {
        count = Math.Min(count, _end - _start);
        _start += count;
        return _buffer.AsMemory(_start - count, count);
    }

    // Null when there are bytes, otherwise how it ended.
    private async Task<string?> FillAsync()
    {
        using var deadline = new CancellationTokenSource(Patience.Limit);
        try
        {
            _start = 0;
            _end = await _stream.ReadAsync(_buffer, deadline.Token);
            return _end > 0 ? null : "closed";
        }
        catch (IOException)
        {
            _end = 0;
            return "reset";
        }
    }

    private void Write(WireAnswer answer)
    {
        var head = RequestIds().Replace(Guids().Replace(Dates().Replace(answer.Head, "Date: <date>"), "<id>"), "X-Request-Id: <id>").Replace("\r\n", "\n", StringComparison.Ordinal);
        var body = answer.Body;
        if (answer.Boundary is { } boundary)
        {
            head = head.Replace(boundary, "<boundary>", StringComparison.Ordinal);
            body = Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(body).Replace(boundary, "<boundary>", StringComparison.Ordinal));
        }

        Note(head + (body.Length <= 2000 ? Encoding.Latin1.GetString(body) : $"{body.Length} bytes, {Convert.ToHexStringLower(SHA256.HashData(body))}"));
    }

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Guids();

    [GeneratedRegex("X-Request-Id: [0-9a-f]{16}(?=\r)")]
    private static partial Regex RequestIds();

    [GeneratedRegex("Date: [^\r]*")]
    private static partial Regex Dates();
}
