using System.Net;

namespace Registry.Server.Configuration;

/// <summary>Whose word is taken for who the client is and what it has asked for: addresses and networks (CIDR).</summary>
public sealed class ProxyList
{
    /// <summary>Nobody's.</summary>
    public static readonly ProxyList None = new([]);

    private readonly IPNetwork[] _networks;

    private ProxyList(IPNetwork[] networks) => _networks = networks;

    /// <summary>Whether nobody is trusted.</summary>
    public bool IsEmpty => _networks.Length == 0;

    /// <summary>Reads addresses and networks, with commas between.</summary>
    /// <param name="text">For example <c>10.0.0.0/8, 192.0.2.1, fd00::/8</c>.</param>
    /// <returns>Null when one of them is neither.</returns>
    public static ProxyList? Parse(string text)
    {
        var entries = text.Split(',', StringSplitOptions.TrimEntries);
        var networks = new IPNetwork[entries.Length];
        for (var i = 0; i < entries.Length; i++)
        {
            if (IPAddress.TryParse(entries[i], out var address) && IsWrittenOut(entries[i], address))
            {
                networks[i] = new IPNetwork(address, address.GetAddressBytes().Length * 8);
            }
            else if (!IPNetwork.TryParse(entries[i], out networks[i]) || !IsWrittenOut(entries[i].Split('/')[0], networks[i].BaseAddress))
            {
                return null;
            }
        }

        return new ProxyList(networks);
    }

    /// <summary>Whether somebody is trusted. An IPv4 address that an IPv6 socket has seen is one of IPv4.</summary>
    public bool Contains(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (var network in _networks)
        {
            if (network.Contains(plain))
            {
                return true;
            }
        }

        return false;
    }

    // "10.1" is an address to the system, 10.0.0.1, and to nobody who writes it.
    private static bool IsWrittenOut(string text, IPAddress address) =>
        address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 || text.Count(c => c == '.') == 3;
}
