using System.Net;
using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;
using Registry.Server.Configuration;
using Registry.Server.Http;

namespace Registry.Server.Web.Sessions;

/// <summary>
/// Refuses changes that another site has sent with the browser of a visitor. Browsers tell the site in <c>Origin</c> and <c>Sec-Fetch-Site</c>, which pages cannot change
/// (Fetch standard, "forbidden request-header").
/// </summary>
/// <param name="options">The settings.</param>
internal sealed class ChangeOrigins(RegistryOptions options)
{
    private readonly Uri? _external = options.ExternalUrl is { } url ? new Uri(url) : null;

    /// <summary>Checks where a form comes from.</summary>
    /// <returns>Null, or the error.</returns>
    public RegistryError? Check(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var origin = request.Headers.Origin;
        return site is "" or "same-origin" or "none" && (origin.Count == 0 || (origin.Count == 1 && IsOwn(origin[0]!, request)))
            ? null
            : new RegistryError(RegistryErrorCode.Denied, "the form was sent by a page of another site; open the page of the registry, and repeat it there");
    }

    /// <summary>
    /// Checks the host by which a change reaches the registry. A name that another site lets point here makes its pages pages of this site (DNS rebinding). With TLS, the
    /// certificate of the registry does not have such a name.
    /// </summary>
    /// <returns>Null, or the error.</returns>
    public RegistryError? CheckHost(HttpRequest request)
    {
        var host = request.Headers.Host.ToString();
        if (request.Scheme == "https" || (Authority.IsValid(host) && IsKnown(WithoutPort(host))))
        {
            return null;
        }

        return new RegistryError(
            RegistryErrorCode.Denied,
            $"this page changes nothing at the name '{(Authority.IsValid(host) ? host : "?")}', which is not that of the registry; set REGISTRY_EXTERNAL_URL to the address of the registry, or open it by its IP address");
    }

    private bool IsKnown(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || IPAddress.TryParse(host.Trim('[', ']'), out _)
        || (_external is not null && host.Equals(_external.Host, StringComparison.OrdinalIgnoreCase));

    private static string WithoutPort(string host) => Authority.HasPort(host) ? host[..host.LastIndexOf(':')] : host;

    // By host and port: behind a proxy that ends TLS and is not trusted, the scheme is not known.
    private bool IsOwn(string origin, HttpRequest request) => Uri.TryCreate(origin, UriKind.Absolute, out var uri) && (uri.Scheme is "http" or "https")
        && (uri.Authority.Equals(request.Headers.Host.ToString(), StringComparison.OrdinalIgnoreCase)
            || (_external is not null && Uri.Compare(uri, _external, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0));
}
