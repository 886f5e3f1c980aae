using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Registry.Server.Configuration.Values;
using Registry.Server.Http;
using Registry.Server.Requests;

namespace Registry.Server.Pipeline;

/// <summary>
/// Applies the forwarded headers of trusted proxies: address of the client, and the scheme, host and port it used. Reads
/// <c>X-Forwarded-For</c>, <c>-Proto</c>, <c>-Host</c> and <c>-Port</c>, and <c>Forwarded</c> (RFC 7239). Ignores them from untrusted
/// addresses, since any client can send them.
/// </summary>
/// <remarks>
/// Each proxy appends an entry for its peer, so the lists are read from the end while the writer of an entry is a trusted proxy. A proxy that
/// writes one family of headers passes the other on as the client sent it; when the two disagree, both are ignored.
/// </remarks>
internal sealed class ForwardedRequest(ProxyList trusted)
{
    /// <summary>A handler that first does this; the same handler if no proxy is trusted.</summary>
    public static Func<RequestContext, Task> Before(Func<RequestContext, Task> handle, ProxyList trusted)
    {
        if (trusted.IsEmpty)
        {
            return handle;
        }

        var forwarded = new ForwardedRequest(trusted);
        return request =>
        {
            forwarded.Apply(request.Http);
            return handle(request);
        };
    }

    /// <summary>Replaces address, scheme and host of the connection by those that trusted proxies report.</summary>
    public void Apply(HttpContext http)
    {
        if (http.Connection.RemoteIpAddress is not { } peer || !trusted.Contains(peer))
        {
            return;
        }

        var (address, proto, host) = Agreed(FromLists(http.Request, peer), FromForwarded(http.Request.Headers, peer));
        if (address is not null)
        {
            http.Connection.RemoteIpAddress = address;
        }

        if (proto is not null)
        {
            http.Request.Scheme = proto;
        }

        if (host is not null)
        {
            http.Request.Headers.Host = host;
        }
    }

    private static Claim Agreed(Claim one, Claim other) => new(
        other.Address is null || Equals(one.Address, other.Address) ? one.Address : one.Address is null ? other.Address : null,
        Agreed(one.Proto, other.Proto),
        Agreed(one.Host, other.Host));

    private static string? Agreed(string? one, string? other) => other is null || one == other ? one : one is null ? other : null;

    private Claim FromLists(HttpRequest request, IPAddress peer)
    {
        var headers = request.Headers;
        var hops = Split(headers["X-Forwarded-For"].ToString());
        var (address, count) = Follow(peer, [.. hops.Select(ParseAddress)]);

        // A proxy that writes a single entry, as is usual, describes the client's own request.
        var proto = Proto(At("X-Forwarded-Proto"));
        return new Claim(address, proto, WithPort(Host(At("X-Forwarded-Host")), At("X-Forwarded-Port"), proto ?? request.Scheme, headers.Host.ToString()));

        string? At(string header)
        {
            var values = Split(headers[header].ToString());
            return values.Count == 0 ? null : values[Math.Max(0, values.Count - Math.Max(1, count))];
        }
    }

    private Claim FromForwarded(IHeaderDictionary headers, IPAddress peer)
    {
        var elements = Split(headers["Forwarded"].ToString()).ConvertAll(ParseElement);
        var (address, count) = Follow(peer, [.. elements.Select(element => ParseAddress(element.GetValueOrDefault("for")))]);
        if (elements.Count == 0)
        {
            return default;
        }

        var first = elements[^Math.Max(1, count)];
        return new Claim(address, Proto(first.GetValueOrDefault("proto")), Host(first.GetValueOrDefault("host")));
    }

    // Reads from the end: the writer of an entry is the peer that the next entry names. Returns the address in the first entry whose writer
    // is trusted.
    private (IPAddress? Address, int Count) Follow(IPAddress peer, IReadOnlyList<IPAddress?> hops)
    {
        IPAddress? found = null;
        var count = 0;
        for (var writer = peer; count < hops.Count && trusted.Contains(writer) && hops[^(count + 1)] is { } named; count++)
        {
            writer = found = named;
        }

        return (found, count);
    }

    private static List<string> Split(string list) => [.. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];

    // for="[2001:db8::1]:4711";proto=https;host=registry.example.com
    private static Dictionary<string, string> ParseElement(string element)
    {
        var pairs = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var pair in element.Split(';', StringSplitOptions.TrimEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                pairs[pair[..equals].TrimEnd()] = pair[(equals + 1)..].Trim().Trim('"');
            }
        }

        return pairs;
    }

    // With or without a port. "unknown" and obfuscated names ("_proxy") are not addresses.
    private static IPAddress? ParseAddress(string? node)
    {
        if (node is null || (!node.Contains('.', StringComparison.Ordinal) && !node.Contains(':', StringComparison.Ordinal)))
        {
            return null;
        }

        return IPAddress.TryParse(node, out var address) ? address : IPEndPoint.TryParse(node, out var endpoint) ? endpoint.Address : null;
    }

    private static string? Proto(string? text) =>
        string.Equals(text, "https", StringComparison.OrdinalIgnoreCase) ? "https" : string.Equals(text, "http", StringComparison.OrdinalIgnoreCase) ? "http" : null;

    private static string? Host(string? text) => text is not null && Authority.IsValid(text) ? text : null;

    // Adds the port for proxies that pass on the host without it, in X-Forwarded-Host or in Host. A host with a port keeps it.
    private static string? WithPort(string? host, string? port, string scheme, string hostHeader)
    {
        var named = host ?? hostHeader;
        return ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number != (scheme == "https" ? 443 : 80)
            && number != 0 && Authority.IsValid(named) && !Authority.HasPort(named)
            ? string.Create(CultureInfo.InvariantCulture, $"{named}:{number}")
            : host;
    }

    private readonly record struct Claim(IPAddress? Address, string? Proto, string? Host);
}
