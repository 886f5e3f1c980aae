using Microsoft.AspNetCore.Http;
using Registry.Server.Requests;

namespace Registry.Server.Web.Parts;

/// <summary>Leads a browser from a form to a page, which a reload does not send again (RFC 9110, section 15.4.4).</summary>
internal static class SeeOther
{
    /// <summary>Writes the answer.</summary>
    /// <param name="request">The request.</param>
    /// <param name="path">Path of this site.</param>
    public static void Write(RequestContext request, string path)
    {
        request.Response.StatusCode = StatusCodes.Status303SeeOther;
        request.Response.Headers.Location = path;
        request.Response.Headers.CacheControl = "private, no-store";
        request.Response.ContentLength = 0;
    }
}
