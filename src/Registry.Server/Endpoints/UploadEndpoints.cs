using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Operations;
using Registry.Core.Storage;
using Registry.Server.Http;
using Registry.Server.Pipeline;
using Registry.Server.Routing;

namespace Registry.Server.Endpoints;

/// <summary><c>/v2/&lt;name&gt;/blobs/uploads/</c> and the sessions below it (OCI distribution-spec, "Pushing blobs").</summary>
internal sealed class UploadEndpoints(UploadOperations uploads, Locations locations)
{
    /// <summary>Mounts a blob, takes a whole one, or begins a session.</summary>
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

        if (query.TryGetValue("mount", out var mount))
        {
            if (!Digest.TryParse(mount.ToString(), out var wantedBlob))
            {
                return Parameters.InvalidDigest(mount.ToString());
            }

            var (isMounted, error) = await TryMountAsync(request, wantedBlob, query["from"]);
            if (error is not null || isMounted)
            {
                return error;
            }

            algorithm = wantedBlob.Algorithm;
        }
        else if (query.TryGetValue("digest", out var pushed))
        {
            if (!Digest.TryParse(pushed.ToString(), out var digest))
            {
                return Parameters.InvalidDigest(pushed.ToString());
            }

            if (HasBody(request.Request) || digest == digest.Algorithm.Compute([]))
            {
                request.Operation = RequestOperation.PushBlob;
                var error = await uploads.PushAsync(request.Repository, digest, request.Body, request.Aborted);
                return error ?? Created(request, digest);
            }

            algorithm = digest.Algorithm;
        }

        if (!(await uploads.BeginAsync(request.Repository, request.User, algorithm)).TryGet(out var session, out var refused))
        {
            return refused;
        }

        return Accepted(request, session, StatusCodes.Status202Accepted);
    }

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!Guid.TryParseExact(request.Parameter, "D", out var id))
        {
            return RegistryErrorCode.UploadUnknown;
        }

        return (await uploads.StatAsync(request.Repository, request.User, id)).TryGet(out var session, out var error)
            ? Accepted(request, session, StatusCodes.Status204NoContent)
            : error;
    }

    public async Task<RegistryError?> PatchAsync(RequestContext request)
    {
        if (!Guid.TryParseExact(request.Parameter, "D", out var id))
        {
            return RegistryErrorCode.UploadUnknown;
        }

        if (!ReadChunkRange(request.Request).TryGet(out var range, out var invalid))
        {
            return invalid;
        }

        var appended = await uploads.AppendAsync(
            request.Repository, request.User, id, range, request.Body, request.Aborted);
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
        if (!Guid.TryParseExact(request.Parameter, "D", out var id))
        {
            return RegistryErrorCode.UploadUnknown;
        }

        var text = request.Request.Query["digest"].ToString();
        if (text.Length == 0)
        {
            return new RegistryError(RegistryErrorCode.DigestInvalid, "the query parameter 'digest' is missing");
        }

        if (!Digest.TryParse(text, out var digest))
        {
            return Parameters.InvalidDigest(text);
        }

        if (!ReadChunkRange(request.Request).TryGet(out var range, out var invalid))
        {
            return invalid;
        }

        var error = await uploads.CompleteAsync(
            request.Repository, request.User, id, digest, range, request.Body, request.Aborted);
        return error ?? Created(request, digest);
    }

    public async Task<RegistryError?> DeleteAsync(RequestContext request)
    {
        if (!Guid.TryParseExact(request.Parameter, "D", out var id))
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

    private static bool HasBody(HttpRequest request) => request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0;

    private static Result<ChunkRange?> ReadChunkRange(HttpRequest request)
    {
        if (request.Headers.ContentRange.Count == 0)
        {
            return (ChunkRange?)null;
        }

        var header = request.Headers.ContentRange.ToString();
        if (!ContentRangeHeader.TryParse(header, out var range))
        {
            return new RegistryError(RegistryErrorCode.UploadInvalid, "Content-Range must be <first>-<last>, the positions of the chunk's first and last byte");
        }

        if (request.ContentLength is { } length && length != range.Length)
        {
            return new RegistryError(
                RegistryErrorCode.SizeInvalid, $"Content-Range spans {range.Length} bytes, but Content-Length is {length}");
        }

        return (ChunkRange?)range;
    }

    private async Task<(bool IsMounted, RegistryError? Error)> TryMountAsync(RequestContext request, Digest digest, string? from)
    {
        RepositoryName? source = null;
        if (!string.IsNullOrEmpty(from))
        {
            if (!RepositoryName.TryParse(from, out var named))
            {
                // A source that cannot exist is like one that does not: the client uploads.
                return (false, null);
            }

            source = named;
        }

        if (!(await uploads.MountAsync(request.Repository, source, digest, request.MayPull)).TryGet(out var isMounted, out var error))
        {
            return (false, error);
        }

        if (isMounted)
        {
            request.Operation = RequestOperation.MountBlob;
            Created(request, digest);
        }

        return (isMounted, null);
    }

    private RegistryError? Accepted(RequestContext request, UploadSession session, int status)
    {
        locations.WriteUpload(request.Response, request.Repository, session.Id, session.Length);
        request.Response.StatusCode = status;
        return null;
    }

    private RegistryError? Created(RequestContext request, Digest digest)
    {
        request.Response.Headers.Location = locations.Blob(request.Repository, digest);
        request.Response.Headers["Docker-Content-Digest"] = digest.Value;
        request.Response.StatusCode = StatusCodes.Status201Created;
        return null;
    }
}
