using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Registry.Server.Tests.Tls;

/// <summary>
/// Client whose TLS records the test sees and controls: it records what the server sends, and holds back what the client sends until it is released.
/// </summary>
internal sealed class Records : Stream
{
    private readonly NetworkStream _network;
    private readonly MemoryStream _received = new();
    private readonly MemoryStream _held = new();
    private bool _isHeld;

    private Records(NetworkStream network)
    {
        _network = network;
        Tls = new SslStream(this, leaveInnerStreamOpen: true);
    }

    /// <summary>The clear text.</summary>
    public SslStream Tls { get; }

    /// <summary>All bytes that the server has sent.</summary>
    public byte[] Received => _received.ToArray();

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Connects and shakes hands.</summary>
    public static async Task<Records> OpenAsync(TestRegistry registry, SslProtocols version = SslProtocols.Tls13, SslApplicationProtocol? protocol = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var address = new Uri(registry.Host.Addresses[0]);
        await socket.ConnectAsync(address.Host, address.Port);
        var records = new Records(new NetworkStream(socket, ownsSocket: true));
#pragma warning disable CA5359, CA5398 // The records are the point.
        await records.Tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = version,
            ApplicationProtocols = [protocol ?? SslApplicationProtocol.Http11],
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        });
#pragma warning restore CA5359, CA5398
        return records;
    }

    /// <summary>Types and lengths of the records that the server has sent since a position (RFC 8446, section 5.1).</summary>
    public List<(byte Type, int Length)> Parse(int from = 0)
    {
        var records = new List<(byte, int)>();
        var bytes = Received.AsSpan(from);
        while (bytes.Length >= 5)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
            records.Add((bytes[0], length));
            bytes = bytes[Math.Min(bytes.Length, 5 + length)..];
        }

        return records;
    }

    /// <summary>Holds back what the client sends from now on.</summary>
    public void Hold() => _isHeld = true;

    /// <summary>Sends some of the held bytes; all of them by default.</summary>
    public async Task ReleaseAsync(int count = int.MaxValue)
    {
        var held = _held.ToArray();
        count = Math.Min(count, held.Length);
        await _network.WriteAsync(held.AsMemory(0, count));
        _held.SetLength(0);
        _held.Write(held, count, held.Length - count);
    }

    /// <summary>Sends bytes that are no record of this connection.</summary>
    public ValueTask SendRawAsync(byte[] bytes) => _network.WriteAsync(bytes);

    /// <summary>Number of held bytes.</summary>
    public int Held => (int)_held.Length;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await _network.ReadAsync(buffer, cancellationToken);
        _received.Write(buffer.Span[..count]);
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_isHeld)
        {
            return _network.WriteAsync(buffer, cancellationToken);
        }

        _held.Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
        // Nothing is held back but by the test.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Tls.Dispose();
            _network.Dispose();
            _received.Dispose();
            _held.Dispose();
        }

        base.Dispose(disposing);
    }
}
