using System.Text.Json;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Mirror;
using Registry.Mirror.Images;
using Registry.Server.Api.Mirroring;
using Registry.Server.Configuration;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Pipeline;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>
/// Endpoints of <c>/api/v1/mirror</c>: the upstreams, and what an operator does with images of them. Of mirrored repositories, these alone change something when a client asks for it.
/// </summary>
internal sealed class MirrorEndpoints(MirrorPulls? mirror, ReadOnlyMode readOnly, RequestMemory memory, RegistryOptions options)
{
    private static readonly string[] NoParameters = [];

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (ApiParameters.CheckNames(request.Request.Query, NoParameters) is { } unknown)
        {
            return unknown;
        }

        request.TakeTurns();
        var upstreams = new List<UpstreamStatusAnswer>();
        foreach (var status in mirror?.ReadStatus() ?? [])
        {
            upstreams.Add(UpstreamStatusAnswer.Of(status, await mirror!.ReadUseAsync(status.Settings.Name)));
        }

        var answer = new MirrorAnswer { Upstreams = upstreams };
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, MirrorJson.Default.MirrorAnswer));
        return null;
    }

    public async Task<RegistryError?> ForgetAsync(RequestContext request)
    {
        if (!(await ReadAsync(request)).TryGet(out var image, out var fault))
        {
            return fault;
        }

        var done = mirror is null ? MirroredImages.NotMirrored(image.Repository) : await mirror.Images.ForgetAsync(image, request.Origin, request.Aborted);
        if (!done.TryGet(out var forgotten, out var error))
        {
            return error;
        }

        var answer = new MirrorForgetAnswer { Image = image.ToString(), Manifests = forgotten.Manifests, Blobs = forgotten.Blobs, Left = forgotten.Left };
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, MirrorJson.Default.MirrorForgetAnswer));
        return null;
    }

    public async Task<RegistryError?> CheckAsync(RequestContext request)
    {
        if (!(await ReadAsync(request)).TryGet(out var image, out var fault))
        {
            return fault;
        }

        if (image.Reference is not { Tag: { } tag })
        {
            return new RegistryError(RegistryErrorCode.BadRequest, $"image is '{image}'; it must have a tag, since nothing else changes, such as hub/library/alpine:latest");
        }

        var done = mirror is null ? MirroredImages.NotMirrored(image.Repository) : await mirror.Images.CheckAsync(image.Repository, tag, request.Aborted);
        if (!done.TryGet(out var tagged, out var error))
        {
            return error;
        }

        var answer = new MirrorCheckAnswer { Image = image.ToString(), Was = tagged.Was?.Value, Is = tagged.Is?.Value, Stale = tagged.Stale };
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, MirrorJson.Default.MirrorCheckAnswer));
        return null;
    }

    // What changes content waits for the end of the read-only mode, as pushes do.
    private async Task<Result<ImageReference>> ReadAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, ApiParameters.Image) is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.ReadImage(query, ApiParameters.Image).TryGet(out var image, out var fault))
        {
            return fault;
        }

        request.TakeTurns();
        return await UnconditionalRequest.CheckAsync(request, "a mirror", memory.Bodies, options.Limits.HeldBody) is { } invalid ? invalid
            : readOnly.IsOn ? RegistryErrorCode.ReadOnly
            : image;
    }

    private static void NotStored(RequestContext request) => request.Response.Headers.CacheControl = "no-store";
}
