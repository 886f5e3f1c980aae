using System.Buffers.Binary;
using System.Text;

namespace Registry.Testing.Connections;

/// <summary>Frames of HTTP/2 (RFC 9113, section 4), for requests that no client sends.</summary>
public static class Http2Frames
{
    // Types of frames (section 6).
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte Continuation = 9;

    // Flags.
    public const byte EndStream = 1;
    public const byte EndHeaders = 4;
    public const byte Acknowledgement = 1;

    // Settings (section 6.5.2).
    public const byte InitialWindowSize = 4;
    public const byte MaxFrameSize = 5;

    // Methods in the static table (RFC 7541, appendix A).
    public const byte GetMethod = 0x82;
    public const byte PostMethod = 0x83;

    /// <summary>Connection preface of a client (section 3.4), with empty settings.</summary>
    public static byte[] Preface => [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [])];

    /// <summary>GET of a path, as a block of headers.</summary>
    /// <param name="path">The path.</param>
    /// <param name="isTls">True for the scheme https, which the server compares with its own.</param>
    public static byte[] Get(string path, bool isTls) => Head(GetMethod, path, isTls);

    /// <summary>Request for a path, as a block of headers.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path.</param>
    /// <param name="isTls">True for the scheme https, which the server compares with its own.</param>
    public static byte[] Head(byte method, string path, bool isTls) => [method, (byte)(isTls ? 0x87 : 0x86), .. Literal(0x04, path), .. Literal(0x01, "localhost")];

    /// <summary>A literal without indexing, its name from the static table or written out (RFC 7541, section 6.2.2).</summary>
    public static byte[] Literal(byte index, string value, string name = "")
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(name);
        return name.Length == 0
            ? [index, .. Text(value)]
            : [0, .. Text(name), .. Text(value)];
    }

    /// <summary>Settings with one value (section 6.5.1).</summary>
    public static byte[] Setting(byte name, int value)
    {
        var payload = new byte[6];
        payload[1] = name;
        BinaryPrimitives.WriteInt32BigEndian(payload.AsSpan(2), value);
        return Frame(Settings, 0, 0, payload);
    }

    /// <summary>A frame with its head (section 4.1).</summary>
    public static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
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
        ArgumentNullException.ThrowIfNull(stream);
        var head = new byte[9];
        await stream.ReadExactlyAsync(head, cancellationToken);
        var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >>> 8];
        await stream.ReadExactlyAsync(payload, cancellationToken);
        return (head[3], payload);
    }

    // A length of seven bits, of which more follow from 127 on, and the characters (RFC 7541, sections 5.1 and 5.2).
    private static byte[] Text(string value)
    {
        var length = new List<byte> { (byte)Math.Min(value.Length, 127) };
        if (value.Length >= 127)
        {
            var rest = value.Length - 127;
            for (; rest >= 128; rest >>= 7)
            {
                length.Add((byte)(rest | 128));
            }

            length.Add((byte)rest);
        }

        return [.. length, .. Encoding.ASCII.GetBytes(value)];
    }
}
