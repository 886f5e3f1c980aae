using Microsoft.AspNetCore.Http;
using Registry.Core.Blobs;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Http.Bodies;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>Endpoints of <c>/v2/&lt;name&gt;/blobs/&lt;digest&gt;</c>.</summary>
internal sealed class BlobEndpoints(BlobOperations blobs)
{
    public async Task<RegistryError?> HeadAsync(RequestContext request)
    {
        if (!Digest.TryParse(request.Parameter, out var digest))
        {
            return Parameters.InvalidDigest(request.Parameter);
        }

        if (!(await blobs.StatAsync(request.Repository, digest)).TryGet(out var size, out var error))
        {
            return error;
        }

        return BlobResponse.WriteHead(request.Http, digest, size);
    }

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!Digest.TryParse(request.Parameter, out var digest))
        {
            return Parameters.InvalidDigest(request.Parameter);
        }

        if (!(await blobs.OpenAsync(request.Repository, digest)).TryGet(out var source, out var error))
        {
            return error;
        }

        await using (source)
        {
            return await BlobResponse.SendAsync(request, source, digest);
        }
    }

    public async Task<RegistryError?> DeleteAsync(RequestContext request)
    {
        if (!Digest.TryParse(request.Parameter, out var digest))
        {
            return Parameters.InvalidDigest(request.Parameter);
        }

        if ((await blobs.DeleteAsync(request.Repository, digest, request.Origin)).TryGet(out var size, out var error))
        {
            request.Change = new ContentChange { Digest = digest, Size = size };
            request.Response.StatusCode = StatusCodes.Status202Accepted;
            return null;
        }

        if (error.Code == RegistryErrorCode.BlobInUse)
        {
            request.Response.Headers.Allow = "GET, HEAD";

            // The detail names manifests.
            return request.MayPull(request.Repository) ? error : RegistryErrorCode.BlobInUse;
        }

        return error;
    }
}
