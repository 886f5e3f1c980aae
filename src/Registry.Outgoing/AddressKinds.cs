using System.Net;

namespace Registry.Outgoing;

/// <summary>Tells where addresses lead (IANA, "Special-Purpose Address Registry" of IPv4 and IPv6).</summary>
public static class AddressKinds
{
    // The first that has an address decides, so metadata come before the networks around them. 168.63.129.16 is Azure's, 100.100.100.200 Alibaba's, fd00:ec2::254 and
    // fd20:ce::254 are those of Amazon and Google. The end of a tunnel of Teredo, and of one with a prefix of its own network (RFC 8215), cannot be told.
    private static readonly (IPNetwork Network, AddressKind Kind)[] Networks =
    [
        Of("168.63.129.16/32", AddressKind.Link), Of("100.100.100.200/32", AddressKind.Link), Of("169.254.0.0/16", AddressKind.Link),
        Of("10.0.0.0/8", AddressKind.Private), Of("172.16.0.0/12", AddressKind.Private), Of("192.168.0.0/16", AddressKind.Private),
        Of("100.64.0.0/10", AddressKind.Private), Of("198.18.0.0/15", AddressKind.Private),
        Of("127.0.0.0/8", AddressKind.Loopback),
        Of("0.0.0.0/8", AddressKind.Special), Of("192.0.0.0/24", AddressKind.Special), Of("224.0.0.0/4", AddressKind.Special), Of("240.0.0.0/4", AddressKind.Special),
        Of("fd00:ec2::254/128", AddressKind.Link), Of("fd20:ce::254/128", AddressKind.Link), Of("fe80::/10", AddressKind.Link),
        Of("fc00::/7", AddressKind.Private), Of("fec0::/10", AddressKind.Private),
        Of("::1/128", AddressKind.Loopback),
        Of("::/128", AddressKind.Special), Of("ff00::/8", AddressKind.Special), Of("2001::/32", AddressKind.Special), Of("64:ff9b:1::/48", AddressKind.Special),
    ];

    // Addresses of IPv6 that have one of IPv4 inside, beside mapped ones: where it begins, in bytes.
    private static readonly (IPNetwork Network, int Offset)[] Embedding =
    [
        (IPNetwork.Parse("64:ff9b::/96"), 12), (IPNetwork.Parse("::ffff:0:0:0/96"), 12), (IPNetwork.Parse("2002::/16"), 2),
        (IPNetwork.Parse("::/96"), 12),
    ];

    /// <summary>Tells where an address leads. One of IPv6 with an address of IPv4 inside (mapped, translated, compatible, 6to4) leads where that does.</summary>
    public static AddressKind Of(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.IsIPv4MappedToIPv6 ? Of(address.MapToIPv4())
            : Find(address) is var kind and not AddressKind.None ? kind
            : Embedded(address) is { } inner ? Of(inner)
            : AddressKind.Public;
    }

    /// <summary>Tells where a host leads as far as its name does: an address, or this machine (RFC 6761); none for a name that only DNS knows.</summary>
    public static AddressKind OfName(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (IPAddress.TryParse(host, out var address))
        {
            return Of(address);
        }

        var name = host.TrimEnd('.');
        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            ? AddressKind.Loopback
            : AddressKind.None;
    }

    private static AddressKind Find(IPAddress address) => Array.Find(Networks, one => Has(one.Network, address)).Kind;

    private static IPAddress? Embedded(IPAddress address)
    {
        var (network, offset) = Array.Find(Embedding, one => Has(one.Network, address));
        return network == default ? null : new IPAddress(address.GetAddressBytes().AsSpan(offset, 4));
    }

    private static bool Has(IPNetwork network, IPAddress address) => network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address);

    private static (IPNetwork Network, AddressKind Kind) Of(string network, AddressKind kind) => (IPNetwork.Parse(network), kind);
}
