using System.Net;
using Registry.Events.Configuration;
using Registry.Outgoing;

namespace Registry.Events.Delivery;

/// <summary>
/// Decides what is dialled for an endpoint, so that its DNS does not choose hosts of the operator's networks ("server-side request forgery"): addresses of the internet, and those
/// that the configuration names. What was checked is dialled.
/// </summary>
/// <param name="settings">The endpoint.</param>
internal sealed class EndpointGuard(EndpointSettings settings)
{
    /// <summary>Chooses the addresses of a host that may be dialled.</summary>
    /// <param name="host">Name or address.</param>
    /// <param name="port">Port.</param>
    /// <param name="addresses">Its addresses.</param>
    /// <exception cref="RefusedAddressException">There is none.</exception>
    public IReadOnlyList<IPAddress> Choose(string host, int port, IReadOnlyList<IPAddress> addresses)
    {
        var chosen = addresses.Where(MayDial).ToList();
        return chosen.Count > 0 || addresses.Count == 0 ? chosen : throw Refuse(addresses[0].ToString());
    }

    /// <summary>Checks what can be told without DNS, which a proxy asks in our place.</summary>
    /// <exception cref="RefusedAddressException">The host is an address that is not dialled.</exception>
    public void CheckName()
    {
        var host = settings.Url.IdnHost;
        var isRefused = IPAddress.TryParse(host, out var address) ? !MayDial(address)
            : AddressKinds.OfName(host) is not AddressKind.None && !settings.Addresses.Any(network => AddressKinds.Of(network.BaseAddress) == AddressKinds.OfName(host));
        if (isRefused)
        {
            throw Refuse(host);
        }
    }

    private bool MayDial(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return AddressKinds.Of(plain) == AddressKind.Public || settings.Addresses.Any(network => network.BaseAddress.AddressFamily == plain.AddressFamily && network.Contains(plain));
    }

    private static RefusedAddressException Refuse(string address) => new($"leads to {address}, which is not dialled unless addresses of its configuration has it");
}
