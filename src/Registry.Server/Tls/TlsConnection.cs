using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;
using Registry.Server.Transport.Output;

namespace Registry.Server.Tls;

/// <summary>A connection after its handshake: the pipes that Kestrel reads and writes in clear text, and its features.</summary>
/// <remarks>
/// It begins with <see cref="Begin"/>, which puts it in front of the transport. <see cref="EndAsync"/> sends what Kestrel has written and the alert
/// close_notify (RFC 8446, section 6.1), by which the peer knows that nothing is missing.
/// </remarks>
internal sealed partial class TlsConnection : IDuplexPipe, ITlsConnectionFeature, ITlsApplicationProtocolFeature, ITlsHandshakeFeature
{
    private readonly ConnectionContext _connection;
    private readonly IDuplexPipe _transport;
    private readonly TransportStream _records;
    private readonly SslStream _ssl;
    private readonly TlsInput _input;
    private readonly TlsOutput _output;
    private readonly UnsentAnswers _unsent;
    private readonly ILogger _logger;
    private Task _decrypting = Task.CompletedTask;
    private bool _isBroken;

    public TlsConnection(ConnectionContext connection, TransportStream records, SslStream ssl, TlsLayer layer)
    {
        _connection = connection;
        _transport = connection.Transport;
        _records = records;
        _ssl = ssl;
        _unsent = layer.Unsent;
        _logger = layer.Logger;
        _input = new TlsInput(ssl, records, layer.Pool, layer.PipeOptions, layer.MaxAhead);
        _output = new TlsOutput(this, ssl, records, layer.Pool, layer.RunBlocking);
        ApplicationProtocol = ssl.NegotiatedApplicationProtocol.Protocol;
        Protocol = ssl.SslProtocol;
        NegotiatedCipherSuite = ssl.NegotiatedCipherSuite;
        HostName = ssl.TargetHostName;
        ClientCertificate = ssl.RemoteCertificate as X509Certificate2;
    }

    public PipeReader Input => _input;

    public PipeWriter Output => _output;

    public ReadOnlyMemory<byte> ApplicationProtocol { get; }

    public SslProtocols Protocol { get; }

    public TlsCipherSuite? NegotiatedCipherSuite { get; }

    public string HostName { get; }

    public X509Certificate2? ClientCertificate { get; set; }

#pragma warning disable SYSLIB0058 // The interface has them.
    [Obsolete("Use NegotiatedCipherSuite.")]
    public CipherAlgorithmType CipherAlgorithm => _ssl.CipherAlgorithm;

    [Obsolete("Use NegotiatedCipherSuite.")]
    public int CipherStrength => _ssl.CipherStrength;

    [Obsolete("Use NegotiatedCipherSuite.")]
    public HashAlgorithmType HashAlgorithm => _ssl.HashAlgorithm;

    [Obsolete("Use NegotiatedCipherSuite.")]
    public int HashStrength => _ssl.HashStrength;

    [Obsolete("Use NegotiatedCipherSuite.")]
    public ExchangeAlgorithmType KeyExchangeAlgorithm => _ssl.KeyExchangeAlgorithm;

    [Obsolete("Use NegotiatedCipherSuite.")]
    public int KeyExchangeStrength => _ssl.KeyExchangeStrength;
#pragma warning restore SYSLIB0058

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);

    /// <summary>Puts the connection in front of its transport, and begins to decrypt.</summary>
    public void Begin()
    {
        _connection.Features.Set<ITlsConnectionFeature>(this);
        _connection.Features.Set<ITlsApplicationProtocolFeature>(this);
        _connection.Features.Set<ITlsHandshakeFeature>(this);
        _connection.Features.Set<IFileOutput>(_output);
        _connection.Transport = this;
        _decrypting = DecryptAsync();
    }

    /// <summary>Sends the rest and close_notify, and gives the transport back. Never throws.</summary>
    public async Task EndAsync()
    {
        _output.Complete();
        await _output.DrainAsync();
        if (!_output.IsOver)
        {
            _connection.Features.Get<IOrderlyEnd>()?.Begin();
        }

        // Before the alert: nothing may decrypt while it is made.
        _input.Complete();
        _records.CancelRead();
        await _decrypting;
        _input.Break(null);
        await CloseAsync();
        _output.Abandon();
        _connection.Features.Set<IFileOutput>(null);
        _connection.Transport = _transport;
    }

    /// <summary>Ends the connection after a failure to send.</summary>
    internal void OnSendFailed(Exception error)
    {
        // The transport has ended the connection of a peer that went away.
        if (error is not ConnectionResetException)
        {
            // The file or this program is at fault. A reset keeps the peer from taking a part for the whole.
            _unsent.Report(_connection.ConnectionId, error);
            _connection.Abort(new ConnectionAbortedException("The response could not be sent.", error));
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "Any failure ends this connection only.")]
    private async Task DecryptAsync()
    {
        try
        {
            if (await _input.DecryptAsync())
            {
                _input.End();
                return;
            }
        }
        catch (Exception e)
        {
            // Kestrel takes this exception for the end of a connection, and others for faults of the server.
            _isBroken = e is RecordOverflowException;
            _input.Break(e as ConnectionResetException ?? new ConnectionResetException(e.Message, e));
            return;
        }

        _input.Break(null);
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "Any failure ends this connection only.")]
    private async Task CloseAsync()
    {
        // After a fault of the peer, nothing says that all is well (RFC 8446, section 6.2). OpenSSL knows of the others.
        if (_output.IsOver || _isBroken)
        {
            return;
        }

        try
        {
            await _ssl.ShutdownAsync();
            await _records.FlushAsync(CancellationToken.None);
        }
        catch (Exception e)
        {
            LogNotClosed(_connection.ConnectionId, e.Message);
        }
    }

    [LoggerMessage(2, LogLevel.Debug, "Connection {Id} ends without close_notify: {Reason}")]
    private partial void LogNotClosed(string id, string reason);
}
