using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Registry.Server.Transport.Buffers;
using Registry.Server.Transport.Output;

namespace Registry.Server.Tls;

/// <summary>
/// TLS of every connection, on every transport, in place of Kestrel's: it encrypts large runs, reads files into the memory that is encrypted, and
/// decrypts into the blocks that uploads take.
/// </summary>
/// <remarks>
/// <see cref="SslStream"/> does the cryptography. A kernel that encrypts by itself (kTLS) would replace <see cref="TlsOutput"/>: after the handshake,
/// pieces and files would go to the socket as in clear text.
/// </remarks>
internal sealed partial class TlsLayer
{
    // The alert record_overflow (RFC 8446, section 6) in a record.
    private static ReadOnlySpan<byte> RecordOverflow => [21, 3, 3, 0, 2, 2, 22];

    private readonly TlsFiles _files;
    private readonly HandshakeMetrics _handshakes;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <param name="files">The certificate and its key.</param>
    /// <param name="pool">Memory of all connections.</param>
    /// <param name="maxAhead">Largest number of decrypted bytes that a connection buffers.</param>
    /// <param name="timeout">Time limit of the handshake.</param>
    /// <param name="runBlocking">Runs work that may wait for a disk.</param>
    /// <param name="unsent">Log of answers that could not be sent.</param>
    /// <param name="meters">Creates the meter of the handshakes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public TlsLayer(
        TlsFiles files,
        BlockPool pool,
        long maxAhead,
        TimeSpan timeout,
        Func<Action, Task> runBlocking,
        UnsentAnswers unsent,
        IMeterFactory meters,
        TimeProvider time,
        ILogger<TlsLayer> logger)
    {
        _files = files;
        _handshakes = new HandshakeMetrics(meters);
        _timeout = timeout;
        _time = time;
        Pool = pool;
        MaxAhead = maxAhead;
        RunBlocking = runBlocking;
        Unsent = unsent;
        _logger = logger;
        PipeOptions = InputPipe.CreateOptions(pool);
    }

    /// <summary>Memory of all connections.</summary>
    public BlockPool Pool { get; }

    /// <summary>Largest number of decrypted bytes that a connection buffers while the pool is not crowded.</summary>
    public long MaxAhead { get; }

    /// <summary>Runs work that may wait for a disk.</summary>
    public Func<Action, Task> RunBlocking { get; }

    /// <summary>Options of the inputs of connections.</summary>
    public PipeOptions PipeOptions { get; }

    /// <summary>Log of answers that could not be sent.</summary>
    public UnsentAnswers Unsent { get; }

    public ILogger Logger => _logger;

    /// <summary>Serves a connection with TLS.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="next">What reads and writes in clear text.</param>
    public async Task InvokeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        await using var records = new TransportStream(connection.Transport);
        await using var ssl = new SslStream(records);
        if (!await ShakeHandsAsync(connection, records, ssl))
        {
            return;
        }

        var tls = new TlsConnection(connection, records, ssl, this);
        tls.Begin();
        try
        {
            await next(connection);
        }
        finally
        {
            await tls.EndAsync();
        }
    }

    // False when it failed.
    private async Task<bool> ShakeHandsAsync(ConnectionContext connection, TransportStream records, SslStream ssl)
    {
        var handshake = _handshakes.Begin(connection);
        try
        {
            using var deadline = new CancellationTokenSource(_timeout, _time);
            using var given = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, StopToken.Of(connection));
            await ssl.AuthenticateAsServerAsync(_files.Identity.Handshake, given.Token);
            handshake.Succeeded(ssl.SslProtocol);
            records.LimitRecords(ssl.SslProtocol);
            return true;
        }
        catch (Exception e) when (e is IOException or AuthenticationException or OperationCanceledException)
        {
            handshake.Failed(e);
            LogFailed(connection.ConnectionId, e is OperationCanceledException ? "it took too long, or the server stops" : (e.InnerException ?? e).Message);
            await SendAlertAsync(records, e);
        }

        return false;
    }

    // SslStream leaves some alerts to the next flush. Alerts after the first answer are encrypted, and only SslStream has the key.
    private static async Task SendAlertAsync(TransportStream records, Exception fault)
    {
        try
        {
            if (fault is RecordOverflowException && !records.HasWritten)
            {
                records.Write(RecordOverflow);
            }

            await records.FlushAsync(CancellationToken.None);
        }
        catch (ConnectionResetException)
        {
            // The peer has gone away.
        }
    }

    [LoggerMessage(1, LogLevel.Debug, "The handshake of connection {Id} failed: {Reason}")]
    private partial void LogFailed(string id, string reason);
}
