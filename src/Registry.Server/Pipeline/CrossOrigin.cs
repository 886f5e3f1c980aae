using Microsoft.AspNetCore.Http;
using Registry.Server.Configuration.Values;

namespace Registry.Server.Pipeline;

/// <summary>
/// Lets pages of other origins use the registry from a browser (Fetch standard, "CORS protocol"), such as a web interface on another host.
/// Authentication and access rules apply as usual.
/// </summary>
internal sealed class CrossOrigin(OriginList origins)
{
    private const string Methods = "GET, HEAD, POST, PUT, PATCH, DELETE";

    // Request headers that endpoints read, and further ones that such pages send.
    private const string RequestHeaders =
        "Accept, Authorization, Cache-Control, Content-Range, Content-Type, If-Match, If-None-Match, If-Range, Pragma, Range, X-Request-Id, X-Requested-With";

    // Response headers that a page may read, beyond those that it may always read.
    private const string AnswerHeaders =
        "Accept-Ranges, Allow, Content-Length, Content-Range, Docker-Content-Digest, Docker-Distribution-API-Version, Docker-Upload-UUID, ETag, Link, Location, "
        + "OCI-Filters-Applied, OCI-Subject, OCI-Tag, Range, Retry-After, WWW-Authenticate, X-Request-Id";

    // Time for which a browser may cache a permission, in seconds; Chromium accepts no longer one.
    private const string MaxAge = "7200";

    /// <summary>Adds the headers that tell if the page may read the response. Applies to every response, including errors.</summary>
    /// <returns>True when the request was a preflight, which is answered here. Preflights carry no credentials and need none.</returns>
    public bool Apply(HttpContext http)
    {
        var headers = http.Response.Headers;
        if (!origins.IsAny)
        {
            // For caches: the response differs by origin.
            headers.Vary = "Origin";
        }

        var given = http.Request.Headers.Origin;
        if (given.Count != 1 || given[0] is not { Length: > 0 } origin || !origins.Contains(origin))
        {
            return false;
        }

        headers.AccessControlAllowOrigin = origins.IsAny ? "*" : origin;
        if (!origins.IsAny)
        {
            headers.AccessControlAllowCredentials = "true";
        }

        if (http.Request.Method != HttpMethods.Options || http.Request.Headers.AccessControlRequestMethod.Count == 0)
        {
            headers.AccessControlExposeHeaders = AnswerHeaders;
            return false;
        }

        headers.AccessControlAllowMethods = Methods;
        headers.AccessControlAllowHeaders = RequestHeaders;
        headers.AccessControlMaxAge = MaxAge;
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }
}
