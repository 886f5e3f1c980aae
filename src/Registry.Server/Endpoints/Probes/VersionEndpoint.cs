using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Http.Bodies;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints.Probes;

/// <summary>Endpoint of <c>/v2/</c>, by which clients detect a registry (OCI distribution-spec, "Determining Support").</summary>
internal static class VersionEndpoint
{
    private static readonly ReadOnlyMemory<byte> EmptyObject = "{}"u8.ToArray();

    public static async Task<RegistryError?> GetAsync(RequestContext request)
    {
        request.Response.ContentType = MediaTypes.Json;
        request.Response.ContentLength = EmptyObject.Length;
        await BodyWriting.WriteAsync(request, EmptyObject);
        return null;
    }
}
