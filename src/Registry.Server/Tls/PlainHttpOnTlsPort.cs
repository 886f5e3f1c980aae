using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Server.Http.Bodies;

namespace Registry.Server.Tls;

/// <summary>
/// Answers HTTP in clear text on a TLS port with an error message, instead of ending the connection after a failed handshake. A handshake
/// begins with the byte 22 (RFC 8446, section 5.1), a request with a letter.
/// </summary>
/// <param name="next">Middleware that does the handshake.</param>
/// <param name="timeout">Time in which the client must send its first byte.</param>
/// <param name="time">The time.</param>
/// <param name="logger">The log of such requests, at the level debug.</param>
internal sealed partial class PlainHttpOnTlsPort(ConnectionDelegate next, TimeSpan timeout, TimeProvider time, ILogger<PlainHttpOnTlsPort> logger)
{
    // Largest part of a body that is read before the connection ends. Unread bytes would reset the connection and destroy the response.
    private const long MaxDrained = 1024 * 1024;

    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(2);

    private static readonly RegistryError Error = new(
        RegistryErrorCode.BadRequest, "this port speaks HTTPS, and the request is HTTP in clear text; use https:// in the address");

    /// <summary>Checks the first byte of a connection.</summary>
    public async Task InvokeAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        var stopping = StopToken.Of(connection);
        using (var deadline = new CancellationTokenSource(timeout, time))
        using (var given = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stopping))
        {
            ReadResult first;
            try
            {
                first = await input.ReadAsync(given.Token);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (OperationCanceledException)
            {
                connection.Abort(new ConnectionAbortedException("The client did not begin a handshake in time."));
                return;
            }
            catch (IOException)
            {
                // The client went away before it sent anything.
                return;
            }

            var isHttp = !first.Buffer.IsEmpty && char.IsAsciiLetter((char)first.Buffer.FirstSpan[0]);
            var isHead = isHttp && first.Buffer.FirstSpan.StartsWith("HEAD "u8);
            input.AdvanceTo(first.Buffer.Start);
            if (isHttp)
            {
                LogPlain(connection.RemoteEndPoint?.ToString());
                await AnswerAsync(connection, isHead);
                return;
            }
        }

        await next(connection);
    }

    private async Task AnswerAsync(ConnectionContext connection, bool isHead)
    {
        try
        {
            var body = ErrorResponse.Body(Error);
            var head = $"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\nDate: {time.GetUtcNow():r}\r\n\r\n";
            await connection.Transport.Output.WriteAsync(Encoding.ASCII.GetBytes(head));
            if (!isHead)
            {
                await connection.Transport.Output.WriteAsync(body);
            }

            await connection.Transport.Output.CompleteAsync();
            using var deadline = new CancellationTokenSource(DrainTimeout, time);
            await DrainAsync(connection.Transport.Input, deadline.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client has the response, or has closed the connection.
        }
    }

    private static async Task DrainAsync(PipeReader input, CancellationToken cancellationToken)
    {
        for (long drained = 0; drained < MaxDrained;)
        {
            var result = await input.ReadAsync(cancellationToken);
            drained += result.Buffer.Length;
            input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    [LoggerMessage(1, LogLevel.Debug, "{Client} sent HTTP in clear text to the HTTPS port")]
    private partial void LogPlain(string? client);
}
