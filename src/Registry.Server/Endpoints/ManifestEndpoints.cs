using System.Runtime.ExceptionServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Registry.Core.Blobs;
using Registry.Core.Errors;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies.Retention;
using Registry.Core.Signatures;
using Registry.Mirror;
using Registry.Mirror.Pulls;
using Registry.Server.Configuration;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>Endpoints of <c>/v2/&lt;name&gt;/manifests/&lt;reference&gt;</c>.</summary>
/// <remarks>
/// Accept is ignored: the stored bytes are sent with their stored type. Clients break when a registry refuses a request because of Accept,
/// and a client that cannot read a type reports that itself.
/// </remarks>
/// <param name="manifests">Manifests that are stored.</param>
/// <param name="signatures">Rules about images without a signature.</param>
/// <param name="locations">Makes addresses.</param>
/// <param name="memory">Memory of requests.</param>
/// <param name="options">The settings.</param>
/// <param name="pulls">Records the last pulls.</param>
/// <param name="mirror">Pulls from mirrored repositories; null without a mirror.</param>
internal sealed class ManifestEndpoints(
    ManifestOperations manifests, RequiredSignatures signatures, Locations locations, RequestMemory memory, RegistryOptions options, PullRecorder pulls, MirrorPulls? mirror = null)
{
    // Each takes about 25 µs of the one writer. The specification asks for 10 (OCI distribution-spec, "Pushing Manifests").
    private const int MaxTags = 100;

    // Descriptors, lists of their digests for the database, and the stored bytes that the manifest is compared with, as a multiple of its size.
    private const long ReadFactor = 3;

    public async Task<RegistryError?> HeadAsync(RequestContext request)
    {
        if (!Parameters.ParseReferenceToRead(request.Parameter).TryGet(out var reference, out var invalid))
        {
            return invalid;
        }

        if (!(await StatAsync(request, reference)).TryGet(out var manifest, out var error))
        {
            return error;
        }

        if (NeedsSignature(request) && await CheckSignatureAsync(request, manifest) is { } unsigned)
        {
            return unsigned;
        }

        NotePull(request, manifest);
        return WriteHead(request, manifest, out _);
    }

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!Parameters.ParseReferenceToRead(request.Parameter).TryGet(out var reference, out var invalid))
        {
            return invalid;
        }

        if (!(await OpenAsync(request, reference)).TryGet(out var found, out var error))
        {
            return error;
        }

        await using (found.Content)
        {
            if (NeedsSignature(request) && await CheckSignatureAsync(request, found.Manifest) is { } unsigned)
            {
                return unsigned;
            }

            NotePull(request, found.Manifest);
            var refused = WriteHead(request, found.Manifest, out var hasBody);
            if (refused is null && hasBody)
            {
                await BlobResponse.SendBodyAsync(request, found.Content);
            }

            return refused;
        }
    }

    public async Task<RegistryError?> PutAsync(RequestContext request)
    {
        if (!Parameters.ParseReference(request.Parameter).TryGet(out var reference, out var invalid))
        {
            return invalid;
        }

        if (!ReadTags(request.Request.Query["tag"], reference).TryGet(out var tags, out var badTag))
        {
            return badTag;
        }

        var read = await BodyReading.ReadAsync(
            request, memory.Bodies, options.ManifestMaxSize, RegistryErrorCode.ManifestTooLarge, options.Limits.HeldBody);
        if (!read.TryGet(out var body, out var unread))
        {
            return unread;
        }

        using var held = body;
        using var rows = memory.Rows.Open(request.MemoryHolder);
        if (await rows.AddAsync(Math.Min(ReadFactor * body.Bytes.Length, memory.Rows.Limit), request.Aborted) is { } refused)
        {
            return refused;
        }

        var headers = request.Request.Headers;
        var put = await manifests.PutAsync(
            request.Repository,
            reference,
            WithoutParameters(request.Request.ContentType),
            body.Bytes,
            tags,
            EntityTags.Precondition(headers.IfMatch, headers.IfNoneMatch),
            request.Origin,
            request.Aborted);
        if (!put.TryGet(out var stored, out var error))
        {
            return error;
        }

        request.Change = new ContentChange { Digest = stored.Digest, Size = body.Bytes.Length, Tags = tags, Moved = stored.Moved };
        var response = request.Response;
        response.Headers.Location = locations.Manifest(request.Repository, stored.Digest);
        response.Headers["Docker-Content-Digest"] = stored.Digest.Value;
        response.Headers.ETag = EntityTags.Of(stored.Digest);
        if (stored.Manifest.Subject is { } subject)
        {
            response.Headers["OCI-Subject"] = subject.Digest.Value;
        }

        if (tags.Count > 0)
        {
            response.Headers["OCI-Tag"] = new StringValues([.. tags.Select(tag => tag.Value)]);
        }

        response.StatusCode = StatusCodes.Status201Created;
        return null;
    }

    public async Task<RegistryError?> DeleteAsync(RequestContext request)
    {
        if (!Parameters.ParseReference(request.Parameter).TryGet(out var reference, out var invalid))
        {
            return invalid;
        }

        request.Operation = reference.Tag is null ? RequestOperation.DeleteManifest : RequestOperation.DeleteTag;
        var headers = request.Request.Headers;
        var delete = await manifests.DeleteAsync(
            request.Repository, reference, EntityTags.Precondition(headers.IfMatch, headers.IfNoneMatch), request.Origin);
        if (!delete.TryGet(out var deleted, out var error))
        {
            // A condition that fails would tell a caller who may not pull that the tag exists, without deleting it (RFC 9110, section 13.1.1:
            // If-Match is false where there is nothing).
            var isConditional = headers.IfMatch.Count > 0 || headers.IfNoneMatch.Count > 0;
            return isConditional && error.Code == RegistryErrorCode.ManifestUnknown && !request.MayPull(request.Repository) ? RegistryErrorCode.PreconditionFailed : error;
        }

        request.Change = new ContentChange { Digest = deleted.Digest, Size = deleted.Size, Tags = reference.Tag is null ? deleted.Tags : [] };

        // In both cases, the audit line has the tags that are gone.
        if (deleted.Fault is { } fault)
        {
            ExceptionDispatchInfo.Throw(fault);
        }

        if (deleted.Stopped is { } stopped)
        {
            return stopped;
        }

        request.Response.StatusCode = StatusCodes.Status202Accepted;
        return null;
    }

    // For the retention. The mirror has noted those of its repositories.
    private void NotePull(RequestContext request, StoredManifest manifest)
    {
        if (request.Mirrored is null)
        {
            pulls.Note(request.Repository, manifest.Digest);
        }
    }

    // Who may push needs what is not signed yet, to sign it.
    private bool NeedsSignature(RequestContext request) => signatures.Apply(request.Repository, request.User) && !request.IsPusher;

    private async ValueTask<RegistryError?> CheckSignatureAsync(RequestContext request, StoredManifest manifest)
    {
        if (await signatures.IsKnownAsync(request.Repository, manifest, request.User))
        {
            return null;
        }

        request.TakeTurns();
        if (mirror is not null && request.Mirrored is { } mirrored)
        {
            await mirror.PrepareSignaturesAsync(mirrored, manifest.Digest, request.User, request.Network, request.Aborted);
        }

        return await signatures.CheckAsync(request.Repository, manifest, request.User, request.Aborted);
    }

    private async ValueTask<Result<StoredManifest>> StatAsync(RequestContext request, Reference reference) =>
        request.Mirrored is { } name && mirror is not null
            ? Write(request, await mirror.StatManifestAsync(name, reference, request.User, request.Aborted))
            : await manifests.StatAsync(request.Repository, reference);

    private async ValueTask<Result<(StoredManifest Manifest, BlobSource Content)>> OpenAsync(RequestContext request, Reference reference) =>
        request.Mirrored is { } name && mirror is not null
            ? Write(request, await mirror.GetManifestAsync(name, reference, request.User, request.Aborted))
            : await manifests.GetAsync(request.Repository, reference);

    private static Result<T> Write<T>(RequestContext request, Result<Pulled<T>> found)
    {
        if (!found.TryGet(out var pulled, out var error))
        {
            return error;
        }

        StaleWarning.Write(request.Response, pulled.Freshness);
        return pulled.Content;
    }

    private static RegistryError? WriteHead(RequestContext request, StoredManifest manifest, out bool hasBody)
    {
        hasBody = false;
        var headers = request.Request.Headers;
        if (EntityTags.IsRuledOut(headers.IfMatch, manifest.Digest))
        {
            return RegistryErrorCode.PreconditionFailed;
        }

        var response = request.Response;
        response.Headers["Docker-Content-Digest"] = manifest.Digest.Value;
        response.Headers.ETag = EntityTags.Of(manifest.Digest);
        if (EntityTags.IsFresh(headers.IfNoneMatch, manifest.Digest))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return null;
        }

        response.ContentType = manifest.MediaType;
        response.ContentLength = manifest.Size;
        hasBody = true;
        return null;
    }

    private static Result<IReadOnlyList<Tag>> ReadTags(StringValues values, Reference reference)
    {
        if (values.Count > 0 && reference.Tag is not null)
        {
            return new RegistryError(RegistryErrorCode.TagInvalid, "the query parameter 'tag' needs a push by digest");
        }

        if (values.Count > MaxTags)
        {
            return new RegistryError(RegistryErrorCode.TooManyTags, $"at most {MaxTags} query parameters 'tag' are accepted; set further tags with another push");
        }

        var tags = new List<Tag>(values.Count);
        foreach (var value in values)
        {
            if (!Tag.TryParse(value, out var tag))
            {
                return Parameters.InvalidTag(value ?? string.Empty);
            }

            tags.Add(tag);
        }

        return tags;
    }

    // "The registry SHOULD ignore parameters on the Content-Type header" (OCI distribution-spec, "Pushing Manifests").
    private static string? WithoutParameters(string? contentType)
    {
        if (string.IsNullOrWhiteSpace(contentType))
        {
            return null;
        }

        var semicolon = contentType.IndexOf(';', StringComparison.Ordinal);
        return (semicolon < 0 ? contentType : contentType[..semicolon]).Trim();
    }
}
