using Registry.Core.Errors;
using Registry.Server.Http.Bodies;
using Registry.Server.Requests;

namespace Registry.Server.Web.Pages;

/// <summary>Answer of <c>/</c> to programs: what this is, and where its parts are. It needs no credentials, so it tells nothing that is stored.</summary>
internal static class RootAnswer
{
    /// <summary>Answers a request to a registry without pages.</summary>
    public static async Task<RegistryError?> GetAsync(RequestContext request)
    {
        await WriteAsync(request, hasPages: false);
        return null;
    }

    /// <summary>Writes the answer.</summary>
    /// <param name="request">The request.</param>
    /// <param name="hasPages">True if a browser gets a page at this path.</param>
    public static Task WriteAsync(RequestContext request, bool hasPages)
    {
        request.Response.Headers.CacheControl = "no-store";
        return JsonResponse.WriteAsync(request, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("kind", "OCI container registry");
            writer.WriteString("distribution", "/v2/");
            writer.WriteString("api", "/api/v1/");
            writer.WriteBoolean("pages", hasPages);
            writer.WriteEndObject();
        });
    }
}
