using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Registry.Core.Blobs;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Uploads;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>Endpoints of <c>/v2/&lt;name&gt;/blobs/uploads/</c> and the sessions below it (OCI distribution-spec, "Pushing blobs").</summary>
internal sealed class UploadEndpoints(UploadOperations uploads, BlobOperations blobs, Locations locations)
{
    /// <summary>Mounts a blob, receives a whole one, or begins a session.</summary>
    public async Task<RegistryError?> PostAsync(RequestContext request)
    {
        var query = request.Request.Query;
        var algorithm = DigestAlgorithm.Sha256;
        if (query.TryGetValue("digest-algorithm", out var wanted))
        {
            if (DigestAlgorithm.Find(wanted.ToString()) is not { } known)
            {
                return new RegistryError(
                    RegistryErrorCode.DigestInvalid, $"digest-algorithm must be {string.Join(" or ", DigestAlgorithm.All)}");
            }

            algorithm = known;
        }

        // An invalid digest or repository is treated like a missing blob: the client uploads it.
        if (Digest.TryParse(query["mount"].ToString(), out var wantedBlob))
        {
            var (isMounted, error) = await TryMountAsync(request, wantedBlob, query["from"]);
            if (error is not null || isMounted)
            {
                return error;
            }

            algorithm = wantedBlob.Algorithm;
        }
        else if (!query.ContainsKey("mount") && query.TryGetValue("digest", out var pushed))
        {
            if (!Digest.TryParse(pushed.ToString(), out var digest))
            {
                return Parameters.InvalidDigest(pushed.ToString());
            }

            if (HasBody(request) || digest == digest.Algorithm.Compute([]))
            {
                request.Operation = RequestOperation.PushBlob;
                var stored = await uploads.PushAsync(request.Repository, digest, request.Request.ContentLength, request.Body, request.Origin, request.Aborted);
                return stored.TryGet(out var size, out var error) ? Created(request, digest, size) : error;
            }

            algorithm = digest.Algorithm;
        }

        if (!(await uploads.BeginAsync(request.Repository, request.User, request.Network, algorithm)).TryGet(out var session, out var refused))
        {
            return refused;
        }

        return Accepted(request, session, StatusCodes.Status202Accepted);
    }

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (FindSession(request) is not { } id)
        {
            return RegistryErrorCode.UploadUnknown;
        }

        return (await uploads.StatAsync(request.Repository, request.User, id)).TryGet(out var session, out var error)
            ? Accepted(request, session, StatusCodes.Status204NoContent)
            : error;
    }

    public async Task<RegistryError?> PatchAsync(RequestContext request)
    {
        if (FindSession(request) is not { } id)
        {
            return RegistryErrorCode.UploadUnknown;
        }

        if (!ReadPlace(request.Request).TryGet(out var place, out var invalid))
        {
            return invalid;
        }

        var appended = await uploads.AppendAsync(request.Repository, request.User, id, place, request.Body, request.Aborted);
        if (!appended.TryGet(out var length, out var error))
        {
            return error;
        }

        locations.WriteUpload(request.Response, request.Repository, id, length);
        request.Response.StatusCode = StatusCodes.Status202Accepted;
        return null;
    }

    public async Task<RegistryError?> PutAsync(RequestContext request)
    {
        if (FindSession(request) is not { } id)
        {
            return RegistryErrorCode.UploadUnknown;
        }

        var text = request.Request.Query["digest"].ToString();
        if (text.Length == 0)
        {
            return new RegistryError(
                RegistryErrorCode.DigestInvalid, "the query parameter 'digest' is missing; the Location already has a query, so append it with '&'");
        }

        if (!Digest.TryParse(text, out var digest))
        {
            return Parameters.InvalidDigest(text);
        }

        if (!ReadPlace(request.Request).TryGet(out var place, out var invalid))
        {
            return invalid;
        }

        var stored = await uploads.CompleteAsync(request.Repository, request.User, id, digest, place, request.Body, request.Origin, request.Aborted);
        if (stored.TryGet(out var size, out var error))
        {
            return Created(request, digest, size);
        }

        return error.Code == RegistryErrorCode.UploadUnknown && await FindDoneAsync(request, digest) is { } done ? Created(request, digest, done) : error;
    }

    public async Task<RegistryError?> DeleteAsync(RequestContext request)
    {
        if (FindSession(request) is not { } id)
        {
            return RegistryErrorCode.UploadUnknown;
        }

        var error = await uploads.CancelAsync(request.Repository, request.User, id);
        if (error is null)
        {
            request.Response.StatusCode = StatusCodes.Status204NoContent;
        }

        return error;
    }

    private static Guid? FindSession(RequestContext request) =>
        request.Upload = Guid.TryParseExact(request.Parameter, "D", out var id) ? id : null;

    // A client that missed the response to its PUT repeats it (RFC 9110, section 9.2.2: PUT is idempotent). By then the session has ended
    // and the blob exists.
    private async Task<long?> FindDoneAsync(RequestContext request, Digest digest)
    {
        if (!request.MayPull(request.Repository) || !(await blobs.StatAsync(request.Repository, digest)).TryGet(out var size, out _))
        {
            return null;
        }

        await BodyReading.DiscardAsync(request);
        return size;
    }

    // Over HTTP/2, no header announces a body of unknown length (RFC 9113, section 8.1). A length of 0 may come before an empty frame that ends the stream.
    private static bool HasBody(RequestContext request) => request.Request.ContentLength is { } length
        ? length > 0
        : request.Http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true };

    private static Result<ChunkPlace> ReadPlace(HttpRequest request)
    {
        var place = new ChunkPlace(UploadPosition.Read(request.Query), null, request.ContentLength);
        if (request.Headers.ContentRange.Count == 0)
        {
            return place;
        }

        return ContentRangeHeader.TryParse(request.Headers.ContentRange.ToString(), out var range)
            ? place with { Range = range }
            : new RegistryError(RegistryErrorCode.UploadInvalid, "Content-Range must be <first>-<last>, the positions of the chunk's first and last byte");
    }

    private async Task<(bool IsMounted, RegistryError? Error)> TryMountAsync(RequestContext request, Digest digest, string? from)
    {
        RepositoryName? source = null;
        if (!string.IsNullOrEmpty(from))
        {
            if (!RepositoryName.TryParse(from, out var named))
            {
                // A source that cannot exist is treated like a missing one: the client uploads.
                return (false, null);
            }

            source = named;
        }

        if (!(await uploads.MountAsync(request.Repository, source, digest, request.MayPull, request.Origin)).TryGet(out var isMounted, out var error))
        {
            return (false, error);
        }

        if (isMounted)
        {
            request.Operation = RequestOperation.MountBlob;
            Created(request, digest, size: null);
        }

        return (isMounted, null);
    }

    private RegistryError? Accepted(RequestContext request, UploadSession session, int status)
    {
        locations.WriteUpload(request.Response, request.Repository, session.Id, session.Length);
        request.Response.StatusCode = status;
        return null;
    }

    private RegistryError? Created(RequestContext request, Digest digest, long? size)
    {
        request.Change = new ContentChange { Digest = digest, Size = size };
        request.Response.Headers.Location = locations.Blob(request.Repository, digest);
        request.Response.Headers["Docker-Content-Digest"] = digest.Value;
        request.Response.StatusCode = StatusCodes.Status201Created;
        return null;
    }
}
