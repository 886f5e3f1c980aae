using Registry.Core.Errors;
using Registry.Server.Http;
using Registry.Server.Pipeline;

namespace Registry.Server.Endpoints;

/// <summary><c>/v2/</c>: yes, this is a registry (OCI distribution-spec, "Determining Support").</summary>
internal static class VersionEndpoint
{
    public static async Task<RegistryError?> GetAsync(RequestContext request)
    {
        await JsonResponse.WriteAsync(request.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
        });
        return null;
    }
}
