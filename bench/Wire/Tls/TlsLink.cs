using System.Runtime.InteropServices;

namespace Registry.Bench.Wire.Tls;

/// <summary>
/// TLS connection by OpenSSL on the socket itself. <see cref="System.Net.Security.SslStream"/> would spend more time than some servers, and hides
/// the resumption of sessions.
/// </summary>
internal sealed class TlsLink : Link
{
    private const int PieceSize = 1024 * 1024;

    // SSL_SENT_SHUTDOWN and SSL_RECEIVED_SHUTDOWN.
    private const int BothEnded = 3;

    private nint _ssl;

    /// <summary>Connects and negotiates.</summary>
    /// <param name="server">The server.</param>
    /// <param name="context">The protocol to offer; the server must choose it.</param>
    /// <param name="session">Session to resume; null for a full handshake.</param>
    public TlsLink(ServerAddress server, TlsContext context, TlsSession? session = null)
        : base(server)
    {
        try
        {
            _ssl = LibSsl.New(context.Pointer);
            if (_ssl == 0 || LibSsl.SetDescriptor(_ssl, Descriptor) != 1 || (session is not null && LibSsl.SetSession(_ssl, session.Pointer) != 1))
            {
                throw new InvalidOperationException("OpenSSL refused the connection.");
            }

            int result;
            do
            {
                LibSsl.ClearErrors();
            }
            while ((result = LibSsl.Connect(_ssl)) != 1 && Await(result));
            LibSsl.GetProtocol(_ssl, out var protocol, out var length);
            if ((length == 0 ? string.Empty : Marshal.PtrToStringUTF8(protocol, (int)length)) is var chosen && chosen != context.Protocol)
            {
                throw new InvalidOperationException($"The server chose '{chosen}' instead of '{context.Protocol}'.");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>True when the handshake resumed the session.</summary>
    public bool IsResumed => LibSsl.IsResumed(_ssl) == 1;

    /// <summary>Takes the session, which with TLS 1.3 arrives after the handshake, with the first answer.</summary>
    public TlsSession TakeSession() => new(LibSsl.GetSession(_ssl));

    public override void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            LibSsl.ClearErrors();
            var count = LibSsl.Write(_ssl, bytes, bytes.Length);
            if (count > 0)
            {
                bytes = bytes[count..];
            }
            else
            {
                _ = Await(count);
            }
        }
    }

    public override void Send(UploadBody body)
    {
        using var file = File.OpenHandle(body.Path);
        var piece = new byte[PieceSize];
        long offset = 0;
        for (int count; (count = RandomAccess.Read(file, piece, offset)) > 0; offset += count)
        {
            Send(piece.AsSpan(0, count));
        }

        Send(body.Tail);
    }

    public override int Receive(Span<byte> buffer)
    {
        while (true)
        {
            LibSsl.ClearErrors();
            var count = LibSsl.Read(_ssl, buffer, buffer.Length);
            if (count > 0)
            {
                return count;
            }

            _ = Await(count);
        }
    }

    public override int TryReceive(Span<byte> buffer)
    {
        LibSsl.ClearErrors();
        var count = LibSsl.Read(_ssl, buffer, buffer.Length);
        if (count > 0)
        {
            return count;
        }

        return LibSsl.GetError(_ssl, count) == LibSsl.WantRead ? Nothing : throw Fault(count);
    }

    public override void ReleaseBuffers()
    {
        if (_ssl != 0)
        {
            // As if both sides had ended the connection; otherwise OpenSSL would make its session useless.
            LibSsl.SetShutdown(_ssl, BothEnded);
            LibSsl.Free(_ssl);
            _ssl = 0;
        }
    }

    public override void Dispose()
    {
        ReleaseBuffers();
        base.Dispose();
    }

    // Waits for what a call lacked. True, so that it can end a condition.
    private bool Await(int result)
    {
        Readiness.Wait(Descriptor, LibSsl.GetError(_ssl, result) switch
        {
            LibSsl.WantRead => Readiness.Input,
            LibSsl.WantWrite => Readiness.Output,
            _ => throw Fault(result),
        });
        return true;
    }

    private Exception Fault(int result) => LibSsl.GetError(_ssl, result) == LibSsl.ZeroReturn
        ? new EndOfStreamException("The server closed the connection.")
        : new IOException($"OpenSSL failed with error {LibSsl.GetError(_ssl, result)}, 0x{LibSsl.LastError():x}.");
}
