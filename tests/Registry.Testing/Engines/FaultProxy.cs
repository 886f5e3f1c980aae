using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Registry.Testing.Engines;

/// <summary>Stands between a client and an HTTP server, and damages the exchanges that a test chooses. Each connection has one exchange.</summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private const int BufferSize = 64 * 1024;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly IPEndPoint _target;
    private readonly Task _accepting;
    private int _exchanges;
    private int _faults;

    /// <param name="target">Address of the server, without TLS.</param>
    public FaultProxy(Uri target)
    {
        ArgumentNullException.ThrowIfNull(target);
        _target = new IPEndPoint(IPAddress.Parse(target.Host), target.Port);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>Address of the proxy.</summary>
    public Uri Address => new($"http://{_listener.LocalEndPoint}");

    /// <summary>Chooses the fault of an exchange by its request line, such as <c>GET /bucket/key?query HTTP/1.1</c>; null for none. May run concurrently.</summary>
    public Func<string, Fault?> Choose { get; set; } = _ => null;

    /// <summary>Number of exchanges so far.</summary>
    public int Exchanges => Volatile.Read(ref _exchanges);

    /// <summary>Number of faults so far.</summary>
    public int Faults => Volatile.Read(ref _faults);

    /// <summary>Damages the next exchange of a kind, and no other.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="of">Beginning of the request line.</param>
    /// <param name="with">Part of the request line.</param>
    public void Damage(Fault fault, string of, string with = "")
    {
        var isDone = 0;
        Choose = line => line.StartsWith(of, StringComparison.Ordinal) && line.Contains(with, StringComparison.Ordinal) && Interlocked.Exchange(ref isDone, 1) == 0 ? fault : null;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
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
                connections.Add(ServeAsync(await _listener.AcceptAsync(_stopping.Token)));
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            try
            {
                if (await ReadHeadAsync(client) is not { } request)
                {
                    return;
                }

                Interlocked.Increment(ref _exchanges);
                var fault = Choose(request.Line);
                if (fault is not null)
                {
                    Interlocked.Increment(ref _faults);
                }

                await (fault?.Kind switch
                {
                    FaultKind.InternalError => AnswerAsync(client, request, "500 Internal Server Error", "InternalError"),
                    FaultKind.SlowDown => AnswerAsync(client, request, "503 Slow Down", "SlowDown"),
                    FaultKind.ResetRequest => ResetAsync(client),
                    _ => ForwardAsync(client, request, fault),
                });
            }
            catch (Exception e) when (IsEnd(e))
            {
                // An end of the connection is gone, as clients and tests end.
            }
        }
    }

    private async Task<Request?> ReadHeadAsync(Socket client)
    {
        var received = new List<byte>();
        var buffer = new byte[BufferSize];
        while (true)
        {
            var read = await client.ReceiveAsync(buffer, _stopping.Token);
            if (read == 0)
            {
                return null;
            }

            received.AddRange(buffer.AsSpan(0, read));
            var text = Encoding.Latin1.GetString([.. received]);
            if (text.IndexOf("\r\n\r\n", StringComparison.Ordinal) is var end and >= 0)
            {
                var lines = text[..end].Split("\r\n");
                var length = lines.FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
                return new Request(
                    lines[0],
                    Encoding.Latin1.GetBytes($"{text[..end]}\r\nConnection: close\r\n\r\n"),
                    [.. received.Skip(end + 4)],
                    length is null ? 0 : long.Parse(length.Split(':')[1], CultureInfo.InvariantCulture));
            }
        }
    }

    private async Task AnswerAsync(Socket client, Request request, string status, string code)
    {
        // A client whose body is not read would see a reset in place of the answer.
        await PassBodyAsync(client, null, request);
        var body = $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>injected</Message></Error>";
        await SendAsync(client, Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{(request.Line.StartsWith("HEAD ", StringComparison.Ordinal) ? "" : body)}"));
        client.Shutdown(SocketShutdown.Send);
    }

    private static Task ResetAsync(Socket client)
    {
        // With no time to linger, closing a socket resets the connection.
        client.LingerState = new LingerOption(true, 0);
        client.Close();
        return Task.CompletedTask;
    }

    private async Task ForwardAsync(Socket client, Request request, Fault? fault)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await server.ConnectAsync(_target, _stopping.Token);
        await SendAsync(server, request.Head);
        var sending = PassBodyAsync(client, server, request);
        await ReturnAsync(server, client, fault);
        await sending;
    }

    private async Task ReturnAsync(Socket server, Socket client, Fault? fault)
    {
        var buffer = new byte[BufferSize];
        var left = fault?.After ?? long.MaxValue;
        for (int read; (read = await server.ReceiveAsync(buffer, _stopping.Token)) > 0;)
        {
            var passed = (int)Math.Min(read, left);
            await SendAsync(client, buffer.AsMemory(0, passed));
            left -= passed;
            if (passed < read)
            {
                break;
            }
        }

        switch (fault?.Kind)
        {
            case FaultKind.ResetAnswer:
                await ResetAsync(client);
                break;
            case FaultKind.Stall:
                // Until the client gives up.
                while (await client.ReceiveAsync(buffer, _stopping.Token) > 0)
                {
                }

                break;
            default:
                client.Shutdown(SocketShutdown.Send);
                break;
        }
    }

    private async Task PassBodyAsync(Socket client, Socket? server, Request request)
    {
        if (server is not null)
        {
            await SendAsync(server, request.Body);
        }

        var buffer = new byte[BufferSize];
        for (var left = request.Length - request.Body.Length; left > 0;)
        {
            var read = await client.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), _stopping.Token);
            if (read == 0)
            {
                return;
            }

            left -= read;
            if (server is not null)
            {
                await SendAsync(server, buffer.AsMemory(0, read));
            }
        }
    }

    private async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await to.SendAsync(bytes, _stopping.Token)..];
        }
    }

    private static bool IsEnd(Exception e) => e is OperationCanceledException or SocketException or ObjectDisposedException;

    private sealed record Request(string Line, byte[] Head, byte[] Body, long Length);
}
