using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>
/// Endpoint of <c>/api/v1/openapi.json</c>, the description of the registry's own API for programs (OpenAPI 3.1). It is a file of the source tree, which tests compare with
/// the routes, the documents and real answers. It tells nothing that is stored.
/// </summary>
internal static class OpenApiEndpoint
{
    private static readonly byte[] Description = Load();
    private static readonly Digest Version = DigestAlgorithm.Sha256.Compute(Description);

    public static async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (ApiParameters.CheckNames(request.Request.Query) is { } unknown)
        {
            return unknown;
        }

        // A client may keep it, and asks whether it is still that of the program.
        request.Response.Headers.ETag = EntityTags.Of(Version);
        request.Response.Headers.CacheControl = "no-cache";
        if (EntityTags.IsFresh(request.Request.Headers.IfNoneMatch, Version))
        {
            request.Response.StatusCode = StatusCodes.Status304NotModified;
            return null;
        }

        await JsonResponse.WriteAsync(request, Description, MediaTypes.Json);
        return null;
    }

    private static byte[] Load()
    {
        using var stream = typeof(OpenApiEndpoint).Assembly.GetManifestResourceStream("openapi.json")
            ?? throw new InvalidOperationException("The program was built without openapi.json.");
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
