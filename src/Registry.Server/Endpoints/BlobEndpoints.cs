using Microsoft.AspNetCore.Http;
using Registry.Core.Blobs;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Mirror;
using Registry.Server.Http.Bodies;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>Endpoints of <c>/v2/&lt;name&gt;/blobs/&lt;digest&gt;</c>.</summary>
/// <param name="blobs">Blobs that are stored.</param>
/// <param name="mirror">Pulls from mirrored repositories; null without a mirror.</param>
internal sealed class BlobEndpoints(BlobOperations blobs, MirrorPulls? mirror = null)
{
    public async Task<RegistryError?> HeadAsync(RequestContext request)
    {
        if (!Digest.TryParse(request.Parameter, out var digest))
        {
            return Parameters.InvalidDigest(request.Parameter);
        }

        var found = mirror is not null && request.Mirrored is { } mirrored
            ? await mirror.StatBlobAsync(mirrored, digest, request.User, request.Aborted)
            : await blobs.StatAsync(request.Repository, digest);
        if (!found.TryGet(out var size, out var error))
        {
            return error;
        }

        var refused = BlobResponse.WriteHead(request.Http, digest, size);
        if (request.Mirrored is not null)
        {
            // The size may be what the upstream says.
            request.Response.Headers.CacheControl = "no-store";
        }

        return refused;
    }

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!Digest.TryParse(request.Parameter, out var digest))
        {
            return Parameters.InvalidDigest(request.Parameter);
        }

        var opened = mirror is not null && request.Mirrored is { } mirrored
            ? await mirror.OpenBlobAsync(mirrored, digest, request.User, request.Network, request.Aborted)
            : await blobs.OpenAsync(request.Repository, digest);
        if (!opened.TryGet(out var source, out var error))
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
