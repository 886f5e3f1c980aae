using Microsoft.AspNetCore.Http;
using Registry.Server.Http;

namespace Registry.Server.Web.Parts;

/// <summary>Address of the registry, as the visitor has reached it, for the commands on pages.</summary>
/// <param name="Host">Host and port.</param>
/// <param name="IsSecure">True with TLS.</param>
internal sealed record ClientAddress(string Host, bool IsSecure)
{
    /// <summary>True for an address of the machine itself, for which docker needs no TLS.</summary>
    public bool IsLoopback => Host.Split(':')[0] is "localhost" or "127.0.0.1" || Host.StartsWith("[::1]", StringComparison.Ordinal);

    /// <summary>Reads the address of a request. A Host header that is none is replaced by an example.</summary>
    public static ClientAddress Of(HttpRequest request)
    {
        var host = request.Headers.Host.ToString();
        return new ClientAddress(Authority.IsValid(host) ? host : "registry.example.com", request.Scheme == "https");
    }
}
