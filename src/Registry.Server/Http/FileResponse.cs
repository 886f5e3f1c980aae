using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Server.Transport;

namespace Registry.Server.Http;

/// <summary>
/// The one place that answers with a blob: whole, in part, in several parts, or not at all because the client has it. The bytes go out
/// through <see cref="SendFileResponseExtensions.SendFileAsync(HttpResponse, string, long, long?, CancellationToken)"/>.
/// </summary>
internal static class FileResponse
{
    // Content under a digest never changes.
    private const string CacheControl = "max-age=31536000, immutable";

    /// <summary>Answers a HEAD; GET begins the same way, unless Range changes it.</summary>
    /// <returns>Null, or 412.</returns>
    public static RegistryError? WriteHead(HttpContext http, Digest digest, long length)
    {
        var request = http.Request.Headers;
        var response = http.Response;
        if (EntityTags.IsRuledOut(request.IfMatch, digest))
        {
            return RegistryErrorCode.PreconditionFailed;
        }

        response.Headers["Docker-Content-Digest"] = digest.Value;
        response.Headers.ETag = EntityTags.Of(digest);
        response.Headers.CacheControl = CacheControl;
        if (EntityTags.IsFresh(request.IfNoneMatch, digest))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return null;
        }

        response.Headers.AcceptRanges = "bytes";
        response.ContentType = MediaTypes.OctetStream;
        response.ContentLength = length;
        return null;
    }

    /// <summary>Answers a GET.</summary>
    /// <returns>Null, or 412 or 416.</returns>
    public static async Task<RegistryError?> SendAsync(HttpContext http, BlobContent content, Digest digest)
    {
        var request = http.Request.Headers;
        var response = http.Response;
        var refused = WriteHead(http, digest, content.Length);
        if (refused is not null || response.StatusCode == StatusCodes.Status304NotModified)
        {
            return refused;
        }

        var ranges = AppliesTo(request.IfRange, digest) ? RangeHeader.Parse(request.Range, content.Length) : null;
        try
        {
            switch (ranges)
            {
                case null:
                    await SendAsync(http, content, new ByteRange(0, content.Length));
                    return null;
                case []:
                    response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{content.Length}");
                    return RegistryErrorCode.RangeNotSatisfiable;
                case [var range]:
                    response.StatusCode = StatusCodes.Status206PartialContent;
                    response.Headers.ContentRange = ContentRange(range, content.Length);
                    response.ContentLength = range.Length;
                    await SendAsync(http, content, range);
                    return null;
                default:
                    await SendPartsAsync(http, content, ranges);
                    return null;
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // Deleted between the look-up and the sending.
            return RegistryErrorCode.BlobUnknown;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && !http.RequestAborted.IsCancellationRequested)
        {
            // Not the client's doing: no descriptor left, or a disk that cannot be read.
            throw new StorageException(e.Message, e);
        }
    }

    // If-Range with anything but our entity tag, a date for instance, means that the client's part may be stale (RFC 9110, section 13.1.5).
    private static bool AppliesTo(string? ifRange, Digest digest) => string.IsNullOrEmpty(ifRange) || ifRange == EntityTags.Of(digest);

    private static string ContentRange(ByteRange range, long size) =>
        string.Create(CultureInfo.InvariantCulture, $"bytes {range.Offset}-{range.Last}/{size}");

    private static async Task SendAsync(HttpContext http, BlobContent content, ByteRange range)
    {
        if (range.Length == 0)
        {
            return;
        }

        if (content.Bytes is { } bytes)
        {
            // What is in memory is copied into the connection's buffer at once; a token would be allocated for nothing.
            await http.Response.BodyWriter.WriteAsync(bytes.AsMemory((int)range.Offset, (int)range.Length), CancellationToken.None);
            return;
        }

        // The file that is open already, where the transport takes one; what is deleted meanwhile is still sent.
        await (OperatingSystem.IsLinux() && http.Features.Get<IHttpResponseBodyFeature>() is ZeroCopyResponseBody zeroCopy
            ? zeroCopy.SendFileAsync(content.Handle, range.Offset, range.Length, http.RequestAborted)
            : http.Response.SendFileAsync(content.Path, range.Offset, range.Length, http.RequestAborted));
    }

    // multipart/byteranges (RFC 9110, section 14.6).
    private static async Task SendPartsAsync(HttpContext http, BlobContent content, IReadOnlyList<ByteRange> ranges)
    {
        var boundary = Guid.NewGuid().ToString("N");
        var heads = ranges.Select(range => Encoding.ASCII.GetBytes(
            $"\r\n--{boundary}\r\nContent-Type: {MediaTypes.OctetStream}\r\nContent-Range: {ContentRange(range, content.Length)}\r\n\r\n")).ToList();
        var end = Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");
        var response = http.Response;
        response.StatusCode = StatusCodes.Status206PartialContent;
        response.ContentType = $"multipart/byteranges; boundary={boundary}";
        response.ContentLength = heads.Sum(head => (long)head.Length) + ranges.Sum(range => range.Length) + end.Length;
        for (var i = 0; i < ranges.Count; i++)
        {
            await response.BodyWriter.WriteAsync(heads[i], http.RequestAborted);
            await SendAsync(http, content, ranges[i]);
        }

        await response.BodyWriter.WriteAsync(end, http.RequestAborted);
    }
}
