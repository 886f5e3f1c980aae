using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Registry.Core.Fairness;

/// <summary>
/// Network that counts as one caller where callers take turns or have shares: an IPv4 address, or the 64 bits of an IPv6 prefix. A host chooses
/// the other 64 bits itself, and as often as it likes (RFC 4291, section 2.5.1; RFC 8981).
/// </summary>
/// <remarks>Clients behind one NAT, or behind a proxy that is not trusted, are one network.</remarks>
public readonly record struct ClientNetwork
{
    private const string UnknownText = "unknown";

    private readonly ulong _bits;
    private readonly AddressFamily _family;

    private ClientNetwork(AddressFamily family, ulong bits)
    {
        _family = family;
        _bits = bits;
    }

    /// <summary>Network of connections without an address.</summary>
    public static ClientNetwork Unknown => default;

    /// <summary>Network of an address; an IPv4 address mapped to IPv6 counts as IPv4.</summary>
    /// <param name="address">Address of a client; null when the connection has none.</param>
    public static ClientNetwork Of(IPAddress? address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address is null || !address.TryWriteBytes(bytes, out var length) ? Unknown
            : length == 4 ? new(AddressFamily.InterNetwork, BinaryPrimitives.ReadUInt32BigEndian(bytes))
            : address.IsIPv4MappedToIPv6 ? new(AddressFamily.InterNetwork, BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]))
            : new(AddressFamily.InterNetworkV6, BinaryPrimitives.ReadUInt64BigEndian(bytes));
    }

    /// <summary>Reads the text of <see cref="ToString"/>.</summary>
    /// <exception cref="FormatException">It is no such text.</exception>
    public static ClientNetwork Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text == UnknownText ? Unknown : Of(IPAddress.Parse(text.AsSpan(0, text.IndexOf('/') is > 0 and var end ? end : text.Length)));
    }

    /// <summary>The network as text: <c>192.0.2.1</c>, <c>2001:db8::/64</c> or <c>unknown</c>.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        switch (_family)
        {
            case AddressFamily.InterNetwork:
                BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)_bits);
                return new IPAddress(bytes[..4]).ToString();
            case AddressFamily.InterNetworkV6:
                BinaryPrimitives.WriteUInt64BigEndian(bytes, _bits);
                bytes[8..].Clear();
                return $"{new IPAddress(bytes)}/64";
            default:
                return UnknownText;
        }
    }
}
