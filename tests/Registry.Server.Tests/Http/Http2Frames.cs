using System.Buffers.Binary;
using System.Text;

namespace Registry.Server.Tests.Http;

/// <summary>Frames of HTTP/2 (RFC 9113, section 4), for requests that no client sends.</summary>
internal static class Http2Frames
{
    public const byte Headers = 1;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte Continuation = 9;
    public const byte EndStream = 1;
    public const byte EndHeaders = 4;

    /// <summary>Connection preface of a client (section 3.4), with empty settings.</summary>
    public static byte[] Preface => [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [])];

    /// <summary>GET of a path, as a block of headers.</summary>
    /// <param name="path">The path.</param>
    /// <param name="isTls">True for the scheme https, which the server compares with its own.</param>
    public static byte[] Get(string path, bool isTls) => [0x82, (byte)(isTls ? 0x87 : 0x86), .. Literal(0x04, path), .. Literal(0x01, "localhost")];

    /// <summary>A literal without indexing, its name from the static table or written out (RFC 7541, section 6.2.2).</summary>
    public static byte[] Literal(byte index, string value, string name = "") => name.Length == 0
        ? [index, (byte)value.Length, .. Encoding.ASCII.GetBytes(value)]
        : [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    public static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    /// <summary>Reads one frame.</summary>
    /// <exception cref="EndOfStreamException">The connection has ended.</exception>
    public static async Task<(byte Type, byte[] Payload)> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new byte[9];
        await stream.ReadExactlyAsync(head, cancellationToken);
        var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >>> 8];
        await stream.ReadExactlyAsync(payload, cancellationToken);
        return (head[3], payload);
    }
}
