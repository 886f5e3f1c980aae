using System.Buffers.Binary;
using System.Security.Authentication;

namespace Registry.Server.Tls;

/// <summary>
/// Finds records that are too long in what a peer sends. <see cref="System.Net.Security.SslStream"/> waits for the whole of a record, of up to 64 KiB, before
/// it looks at its length.
/// </summary>
internal sealed class RecordLengths
{
    private const int HeaderLength = 5;
    private const int LongestFragment = 16 * 1024;

    private readonly byte[] _header = new byte[HeaderLength];
    private int _headerRead;
    private int _left;

    // RFC 5246, section 6.2.3, which is the larger one.
    private int _longest = LongestFragment + 2048;

    /// <summary>Limits the length of further records to that of a version of TLS.</summary>
    public void Limit(SslProtocols version)
    {
        // RFC 8446, section 5.2.
        if (version == SslProtocols.Tls13)
        {
            _longest = LongestFragment + 256;
        }
    }

    /// <summary>Looks at the next received bytes.</summary>
    /// <exception cref="RecordOverflowException">A record is too long.</exception>
    public void Pass(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_left > 0)
            {
                var passed = Math.Min(_left, bytes.Length);
                _left -= passed;
                bytes = bytes[passed..];
                continue;
            }

            var count = Math.Min(HeaderLength - _headerRead, bytes.Length);
            bytes[..count].CopyTo(_header.AsSpan(_headerRead));
            bytes = bytes[count..];
            _headerRead += count;
            if (_headerRead == HeaderLength)
            {
                _headerRead = 0;
                _left = BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(3));
                if (_left > _longest)
                {
                    throw new RecordOverflowException(_left, _longest);
                }
            }
        }
    }
}
