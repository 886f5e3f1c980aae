using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Registry.Testing;

/// <summary>Connection for arbitrary bytes, for requests that no HTTP client sends.</summary>
public sealed class RawConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly List<byte> _received = [];
    private readonly byte[] _buffer = new byte[64 * 1024];

    private RawConnection(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket);
    }

    /// <summary>Connects to a registry.</summary>
    public static Task<RawConnection> OpenAsync(TestRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return OpenAsync(new Uri(registry.Host.Addresses[0]));
    }

    /// <summary>Connects to a registry at an address.</summary>
    public static async Task<RawConnection> OpenAsync(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address.Host, address.Port);
        return new RawConnection(socket);
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
    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>Sends bytes.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using var deadline = new CancellationTokenSource(Patience.Limit);
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
    public async Task<Answer> ReadAnswerAsync(bool isHead = false)
    {
        int end;
        while ((end = Text().IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
        {
            if (!await ReceiveAsync())
            {
                throw new EndOfStreamException($"The connection ended after '{Text()}'.");
            }
        }

        var lines = Text()[..end].Split("\r\n");
        _received.RemoveRange(0, end + 4);
        List<(string, string)> headers = [.. lines[1..].Select(line => (line[..line.IndexOf(':', StringComparison.Ordinal)], line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()))];
        var answer = new Answer(int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture), headers, []);
        var isEmpty = isHead || answer.Status is < 200 or 204 or 304;
        return isEmpty ? answer : answer with { Body = await ReadBodyAsync(answer) };
    }

    /// <summary>Waits for the server to close the connection.</summary>
    /// <returns>False if the server sends something first.</returns>
    public async Task<bool> IsClosedAsync() => _received.Count == 0 && !await ReceiveAsync();

    /// <summary>Reads until the server closes the connection.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        while (await ReceiveAsync())
        {
        }

        return [.. _received];
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private async Task<byte[]> ReadBodyAsync(Answer answer)
    {
        if (answer["Transfer-Encoding"] is not null)
        {
            throw new NotSupportedException("The registry always knows its lengths.");
        }

        while (answer.Length < 0 || _received.Count < answer.Length)
        {
            if (!await ReceiveAsync())
            {
                break;
            }
        }

        var body = _received.GetRange(0, answer.Length < 0 ? _received.Count : (int)Math.Min(answer.Length, _received.Count));
        _received.RemoveRange(0, body.Count);
        return [.. body];
    }

    private string Text() => Encoding.Latin1.GetString([.. _received]);

    private async Task<bool> ReceiveAsync()
    {
        using var deadline = new CancellationTokenSource(Patience.Limit);
        try
        {
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
