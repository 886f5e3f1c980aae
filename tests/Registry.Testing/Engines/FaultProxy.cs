using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Registry.Testing.Connections;

namespace Registry.Testing.Engines;

/// <summary>Stands between a client and an HTTP server, and damages the exchanges that a test chooses. Each connection has one exchange.</summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private const int BufferSize = 64 * 1024;

    private readonly LoopbackListener _listener;
    private readonly IPEndPoint _target;
    private int _exchanges;
    private int _faults;

    /// <param name="target">Address of the server, without TLS.</param>
    public FaultProxy(Uri target)
    {
        ArgumentNullException.ThrowIfNull(target);
        _target = new IPEndPoint(IPAddress.Parse(target.Host), target.Port);
        _listener = new LoopbackListener(ServeAsync);
    }

    /// <summary>Address of the proxy.</summary>
    public Uri Address => new($"http://{_listener.EndPoint}");

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

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private async Task ServeAsync(Socket client, CancellationToken stopping)
    {
        if (await ReadHeadAsync(client, stopping) is not { } request)
        {
            return;
        }

        Interlocked.Increment(ref _exchanges);
        var fault = Choose(request.Line);
        if (fault is not null)
        {
            Interlocked.Increment(ref _faults);
        }

        switch (fault?.Kind)
        {
            case FaultKind.InternalError:
                await AnswerAsync(client, request, "500 Internal Server Error", "InternalError", stopping);
                break;
            case FaultKind.SlowDown:
                await AnswerAsync(client, request, "503 Slow Down", "SlowDown", stopping);
                break;
            case FaultKind.AccessDenied:
                await AnswerAsync(client, request, "403 Forbidden", "AccessDenied", stopping);
                break;
            case FaultKind.ResetRequest:
                LoopbackListener.Reset(client);
                break;
            default:
                await ForwardAsync(client, request, fault, stopping);
                break;
        }
    }

    private async Task<Request?> ReadHeadAsync(Socket client, CancellationToken stopping)
    {
        var received = new List<byte>();
        var buffer = new byte[BufferSize];
        while (true)
        {
            var read = await client.ReceiveAsync(buffer, stopping);
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

    private async Task AnswerAsync(Socket client, Request request, string status, string code, CancellationToken stopping)
    {
        // A client whose body is not read would see a reset in place of the answer.
        await PassBodyAsync(client, null, request, stopping);
        var body = $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>injected</Message></Error>";
        await LoopbackListener.SendAsync(client, Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{(request.Line.StartsWith("HEAD ", StringComparison.Ordinal) ? "" : body)}"), stopping);
        client.Shutdown(SocketShutdown.Send);
    }

    private async Task ForwardAsync(Socket client, Request request, Fault? fault, CancellationToken stopping)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await server.ConnectAsync(_target, stopping);
        await LoopbackListener.SendAsync(server, request.Head, stopping);
        var sending = PassBodyAsync(client, server, request, stopping);
        await ReturnAsync(server, client, fault, stopping);
        await sending;
    }

    private async Task ReturnAsync(Socket server, Socket client, Fault? fault, CancellationToken stopping)
    {
        var buffer = new byte[BufferSize];
        var left = fault?.After ?? long.MaxValue;
        for (int read; (read = await server.ReceiveAsync(buffer, stopping)) > 0;)
        {
            var passed = (int)Math.Min(read, left);
            await LoopbackListener.SendAsync(client, buffer.AsMemory(0, passed), stopping);
            left -= passed;
            if (passed < read)
            {
                break;
            }
        }

        switch (fault?.Kind)
        {
            case FaultKind.ResetAnswer:
                LoopbackListener.Reset(client);
                break;
            case FaultKind.Stall:
                // Until the client gives up.
                while (await client.ReceiveAsync(buffer, stopping) > 0)
                {
                }

                break;
            default:
                client.Shutdown(SocketShutdown.Send);
                break;
        }
    }

    private async Task PassBodyAsync(Socket client, Socket? server, Request request, CancellationToken stopping)
    {
        if (server is not null)
        {
            await LoopbackListener.SendAsync(server, request.Body, stopping);
        }

        var buffer = new byte[BufferSize];
        for (var left = request.Length - request.Body.Length; left > 0;)
        {
            var read = await client.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), stopping);
            if (read == 0)
            {
                return;
            }

            left -= read;
            if (server is not null)
            {
                await LoopbackListener.SendAsync(server, buffer.AsMemory(0, read), stopping);
            }
        }
    }

    private sealed record Request(string Line, byte[] Head, byte[] Body, long Length);
}
