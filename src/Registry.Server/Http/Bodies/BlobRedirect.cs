using Microsoft.AspNetCore.Http;
using Registry.Core.Blobs;

namespace Registry.Server.Http.Bodies;

/// <summary>Sends a client to the store for the bytes of a blob. The source has a link if the store and the settings allow it (<c>REGISTRY_S3_REDIRECT</c>).</summary>
internal static class BlobRedirect
{
    /// <summary>Address from which the client can get what it asks for; null if it gets it here.</summary>
    /// <param name="headers">Headers of the request, which the client repeats there. Object stores answer only the first of several ranges, and their entity tags are other ones.</param>
    /// <param name="source">The bytes.</param>
    public static Uri? Find(IHeaderDictionary headers, BlobSource source) =>
        headers.IfMatch.Count == 0 && !headers.Range.ToString().Contains(',', StringComparison.Ordinal) ? source.Location : null;

    /// <summary>Writes the answer 307. The address is that of this moment only; what else the head said is about the bytes.</summary>
    public static void Write(HttpResponse response, Uri location)
    {
        response.StatusCode = StatusCodes.Status307TemporaryRedirect;
        response.Headers.Location = location.AbsoluteUri;
        response.Headers.CacheControl = "no-store";
        response.Headers.ETag = default;
        response.Headers.AcceptRanges = default;
        response.ContentType = null;
        response.ContentLength = 0;
    }
}
