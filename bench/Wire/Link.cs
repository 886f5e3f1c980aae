using System.Net.Sockets;
using Registry.Bench.Wire.Tls;

namespace Registry.Bench.Wire;

/// <summary>Bytes to and from a server, in clear text or over TLS, at the least CPU time that a client can spend: blocking calls, large buffers.</summary>
internal abstract class Link : IDisposable
{
    /// <summary>Result of <see cref="TryReceive"/> when nothing has arrived.</summary>
    public const int Nothing = -1;

    private const int PatienceMilliseconds = 300_000;
    private const int DropSize = 256 * 1024;

    /// <summary>Connects.</summary>
    protected Link(ServerAddress server)
    {
        Socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = PatienceMilliseconds,
            SendTimeout = PatienceMilliseconds,
        };
        try
        {
            Socket.Connect(server.EndPoint);
        }
        catch
        {
            Socket.Dispose();
            throw;
        }
    }

    /// <summary>Descriptor of the socket, for poll(2).</summary>
    public int Descriptor => (int)Socket.Handle;

    protected Socket Socket { get; }

    /// <summary>Connects for HTTP/1.1.</summary>
    public static Link Open(ServerAddress server) => server.IsTls ? new TlsLink(server, TlsContext.Http1) : new PlainLink(server);

    /// <summary>Sends all bytes.</summary>
    public abstract void Send(ReadOnlySpan<byte> bytes);

    /// <summary>Sends a body.</summary>
    public abstract void Send(UploadBody body);

    /// <summary>Waits for bytes.</summary>
    /// <returns>Number of received bytes, at least one.</returns>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    public abstract int Receive(Span<byte> buffer);

    /// <summary>Receives what has arrived, after <see cref="StopBlocking"/>.</summary>
    /// <returns>Number of received bytes, or <see cref="Nothing"/>.</returns>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    public abstract int TryReceive(Span<byte> buffer);

    /// <summary>Lets the kernel drop the next bytes of the socket without copying or decrypting them. Afterwards nothing can be received.</summary>
    public void Drop(long count)
    {
        var unused = new byte[DropSize];
        while (count > 0)
        {
            // tcp(7): MSG_TRUNC discards.
            count -= Received(Socket.Receive(unused.AsSpan(0, (int)Math.Min(count, unused.Length)), SocketFlags.Truncated));
        }
    }

    /// <summary>Makes <see cref="TryReceive"/> return at once.</summary>
    public void StopBlocking() => Socket.Blocking = false;

    /// <summary>Makes the end of the connection a reset, so that thousands of short connections do not use up the ports.</summary>
    public void ResetAtEnd() => Socket.LingerState = new LingerOption(true, 0);

    /// <summary>Frees what an idle connection does not need. Afterwards nothing can be sent or received.</summary>
    public virtual void ReleaseBuffers()
    {
    }

    public virtual void Dispose() => Socket.Dispose();

    protected static int Received(int count) => count > 0 ? count : throw new EndOfStreamException("The server closed the connection.");
}
