using Microsoft.AspNetCore.Http;
using Registry.Server.Configuration;

namespace Registry.Server.Pipeline;

/// <summary>
/// Lets pages of other origins use the registry from a browser (the Fetch standard, "CORS protocol"): a web interface on a host of its own, for
/// example. What they may do is still decided by authentication and access rules.
/// </summary>
internal sealed class CrossOrigin(OriginList origins)
{
    private const string Methods = "GET, HEAD, POST, PUT, PATCH, DELETE";

    // The headers of requests that endpoints look at, and those that such pages send whether anything looks at them or not.
    private const string RequestHeaders =
        "Accept, Authorization, Cache-Control, Content-Range, Content-Type, If-Match, If-None-Match, If-Range, Pragma, Range, X-Request-Id, X-Requested-With";

    // The headers of answers that a page may read, beyond the few that it may read anyway.
    private const string AnswerHeaders =
        "Accept-Ranges, Allow, Content-Length, Content-Range, Docker-Content-Digest, Docker-Distribution-API-Version, Docker-Upload-UUID, ETag, Link, Location, "
        + "OCI-Filters-Applied, OCI-Subject, OCI-Tag, Range, Retry-After, WWW-Authenticate, X-Request-Id";

    // How long a browser may remember a permission, in seconds; it asks no less often than this whatever a server says.
    private const string MaxAge = "7200";

    /// <summary>Says whether the page may read the answer, whatever the answer will be.</summary>
    /// <returns>Whether the request was a question of the browser (a preflight) and is answered: it carries no credentials and asks for none.</returns>
    public bool Apply(HttpContext http)
    {
        var headers = http.Response.Headers;
        if (!origins.IsAny)
        {
            // For caches: the answer to another origin is another one.
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
