using System.Net;
using Registry.Mirror.Configuration;
using Registry.Outgoing;

namespace Registry.Mirror.Upstreams.Addresses;

/// <summary>
/// Decides what is dialled for an upstream, so that neither it nor its DNS chooses hosts of the operator's networks ("server-side request forgery"). Hosts that the configuration
/// names are dialled where they lead. The upstream's own host may be at a private address; its redirects then may, too.
/// </summary>
/// <param name="settings">The upstream.</param>
internal sealed class AddressGuard(UpstreamSettings settings)
{
    // Upstreams whose tokens come from another host.
    private static readonly Dictionary<string, string> BuiltInRealms = new(StringComparer.OrdinalIgnoreCase)
    {
        ["registry-1.docker.io"] = "auth.docker.io",
        ["registry.gitlab.com"] = "gitlab.com",
    };

    private readonly Uri _own = settings.Url;
    private AddressKind _ownKinds = AddressKinds.OfName(settings.Url.IdnHost);

    /// <summary>True if a URL is on the upstream itself, which is the only one that gets its credentials and tokens.</summary>
    public bool IsOwn(Uri url) => url.Scheme == _own.Scheme && IsOwnHost(url.IdnHost) && url.Port == _own.Port;

    /// <summary>Checks the place to which an answer redirects.</summary>
    /// <param name="from">URL that was asked.</param>
    /// <param name="location">Where the answer sends to; may be relative.</param>
    /// <exception cref="UpstreamException">It is not followed.</exception>
    public Uri CheckRedirect(Uri from, Uri? location)
    {
        if (location is null || !Uri.TryCreate(from, location, out var to))
        {
            throw Refuse("redirects to no valid address");
        }

        if (to.Scheme != Uri.UriSchemeHttps && !(to.Scheme == Uri.UriSchemeHttp && _own.Scheme == Uri.UriSchemeHttp && IsOwnHost(to.IdnHost)))
        {
            throw Refuse($"redirects to {Name(to)}, which is not https");
        }

        CheckName(to, "redirects to");
        return new UriBuilder(to) { UserName = string.Empty, Password = string.Empty, Fragment = string.Empty }.Uri;
    }

    /// <summary>Checks the address of a token service.</summary>
    /// <exception cref="UpstreamException">It is not asked.</exception>
    public Uri CheckRealm(string? realm)
    {
        if (!Uri.TryCreate(realm, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0)
        {
            throw Refuse("names no valid address of its token service");
        }

        var isOwn = IsOwnHost(url.IdnHost);
        if (url.Scheme == Uri.UriSchemeHttp && !(isOwn && _own.Scheme == Uri.UriSchemeHttp))
        {
            throw Refuse($"names the token service {Name(url)}, which is not https");
        }

        if (!isOwn && !IsListed(settings.Realms, url.IdnHost, url.Port) && BuiltInRealms.GetValueOrDefault(_own.IdnHost) != url.IdnHost)
        {
            throw Refuse($"names the token service {Name(url)}, which is on another host, and not among its realms");
        }

        CheckName(url, "names the token service");
        return url;
    }

    /// <summary>Chooses the addresses of a host that may be dialled.</summary>
    /// <param name="host">Name or address.</param>
    /// <param name="port">Port.</param>
    /// <param name="addresses">Its addresses.</param>
    /// <exception cref="UpstreamException">There is none.</exception>
    public IReadOnlyList<IPAddress> Choose(string host, int port, IReadOnlyList<IPAddress> addresses)
    {
        var chosen = addresses.Where(address => MayDial(host, port, AddressKinds.Of(address))).ToList();
        if (chosen.Count == 0 && addresses.Count > 0)
        {
            throw Refuse($"leads to {host} with the address {addresses[0]}, which is not dialled unless the configuration names the host");
        }

        if (IsOwnHost(host))
        {
            // A public upstream stays one, even if its DNS adds another address.
            var kinds = chosen.Aggregate(AddressKinds.OfName(_own.IdnHost), (kinds, address) => kinds | AddressKinds.Of(address));
            _ownKinds = kinds.HasFlag(AddressKind.Public) ? AddressKind.Public : kinds;
        }

        return chosen;
    }

    // What can be told without DNS, which a proxy asks in our place.
    private void CheckName(Uri url, string predicate)
    {
        if (AddressKinds.OfName(url.IdnHost) is var kind and not AddressKind.None && !MayDial(url.IdnHost, url.Port, kind))
        {
            throw Refuse($"{predicate} {Name(url)}, which is not dialled unless the configuration names the host");
        }
    }

    private bool MayDial(string host, int port, AddressKind kind)
    {
        if (kind == AddressKind.Public || IsListed(settings.Redirects, host, port) || IsListed(settings.Realms, host, port))
        {
            return true;
        }

        return IsOwnHost(host)
            ? kind == AddressKind.Private || kind == AddressKinds.OfName(host)
            : kind is AddressKind.Private or AddressKind.Loopback && _ownKinds.HasFlag(kind);
    }

    private bool IsOwnHost(string host) => host.Equals(_own.IdnHost, StringComparison.OrdinalIgnoreCase);

    private static bool IsListed(IReadOnlyList<string> list, string host, int port) =>
        list.Any(one => one.Equals(host, StringComparison.OrdinalIgnoreCase) || one.Equals($"{host}:{port}", StringComparison.OrdinalIgnoreCase));

    // A path or query may have secrets, such as those of a signed link.
    private static string Name(Uri url) => $"{url.Scheme}://{url.Authority}";

    private UpstreamException Refuse(string predicate) => new(UpstreamFaultKind.Away, $"{settings.Name} {predicate}")
    {
        Shown = $"{settings.Name} leads to a host that is not asked",
    };
}
