using System.Net;

namespace Registry.Server.Configuration.Values;

/// <summary>Addresses and networks (CIDR) of proxies whose forwarded headers are trusted.</summary>
public sealed class ProxyList
{
    /// <summary>No trusted proxies.</summary>
    public static readonly ProxyList None = new([]);

    private readonly IPNetwork[] _networks;

    private ProxyList(IPNetwork[] networks) => _networks = networks;

    /// <summary>True when no proxy is trusted.</summary>
    public bool IsEmpty => _networks.Length == 0;

    /// <summary>Parses addresses and networks separated by commas.</summary>
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

    /// <summary>True when an address is trusted. An IPv4 address mapped to IPv6 counts as IPv4.</summary>
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

    // The system reads "10.1" as 10.0.0.1, which is not what an operator means by it.
    private static bool IsWrittenOut(string text, IPAddress address) =>
        address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 || text.Count(c => c == '.') == 3;
}
