using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Registry.Core.Blobs;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Server.Http.Ranges;
using Registry.Server.Requests;
using Registry.Server.Transport.Output;

namespace Registry.Server.Http.Bodies;

/// <summary>
/// Answers requests for blobs: with the whole, a part, several parts, an address to fetch it from, or 304. Bytes in memory are written, files bypass
/// Kestrel if the transport supports it (<see cref="ZeroCopyResponseBody"/>), and everything else is copied piece by piece (<see cref="PacedWriter"/>).
/// </summary>
internal static class BlobResponse
{
    // The content of a digest never changes.
    private const string CacheControl = "max-age=31536000, immutable";

    // Size of a piece: memory of a copy beside the connection's buffer, and granularity of the count of a response that ends early. Over HTTP/2, each
    // costs two switches between threads, so larger ones take a fifth less processor time.
    private const int PieceSize = 256 * 1024;

    // Size of a piece of a response with several ranges, and of a part that is sent without copying.
    private const int PartsSize = 64 * 1024;

    /// <summary>Answers a HEAD request. GET begins the same way, unless Range applies.</summary>
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

    /// <summary>Answers a GET request.</summary>
    /// <returns>Null, or 412 or 416.</returns>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    /// <exception cref="StorageException">The bytes cannot be read.</exception>
    public static async Task<RegistryError?> SendAsync(RequestContext request, BlobSource source, Digest digest)
    {
        var headers = request.Request.Headers;
        var response = request.Response;
        var refused = WriteHead(request.Http, digest, source.Length);
        if (refused is not null || response.StatusCode == StatusCodes.Status304NotModified)
        {
            return refused;
        }

        if (!source.IsVerified)
        {
            // The client compares the digest; what is between need not.
            response.Headers.CacheControl = "no-store";
        }

        switch (AppliesTo(headers.IfRange, digest) ? RangeHeader.Parse(headers.Range, source.Length) : null)
        {
            case [] when !source.IsVerified:
                // The size is what the upstream of a mirror says, and may be as wrong as its bytes.
                return new RegistryError(RegistryErrorCode.UpstreamAway, "the range lies outside of the size that the upstream tells, which is not verified yet");
            case []:
                response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{source.Length}");
                return RegistryErrorCode.RangeNotSatisfiable;
            case null or [_] when BlobRedirect.Find(headers, source) is { } location:
                BlobRedirect.Write(response, location);
                return null;
            case [var range]:
                response.StatusCode = StatusCodes.Status206PartialContent;
                response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {range.Offset}-{range.Last}/{source.Length}");
                response.ContentLength = range.Length;
                await SendAsync(request, source, range);
                return null;
            case { } ranges when new MultipartRanges(ranges, source.Length) is { IsLargerThanWhole: false } parts:
                await SendPartsAsync(request, source, parts);
                return null;
            default:
                await SendAsync(request, source, new ByteRange(0, source.Length));
                return null;
        }
    }

    /// <summary>Sends content whole, after its head.</summary>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    /// <exception cref="StorageException">The bytes cannot be read.</exception>
    public static Task SendBodyAsync(RequestContext request, BlobSource source) => SendAsync(request, source, new ByteRange(0, source.Length));

    // If-Range with anything but this entity tag, such as a date, means that the client's part may be stale (RFC 9110, section 13.1.5).
    private static bool AppliesTo(string? ifRange, Digest digest) => string.IsNullOrEmpty(ifRange) || ifRange == EntityTags.Of(digest);

    // Asynchronous also where it need not be: otherwise the caller would have the network of TakeTurns.
    private static async Task SendAsync(RequestContext request, BlobSource source, ByteRange range)
    {
        if (range.Length == 0)
        {
            return;
        }

        if (source.TryGetMemory(out var bytes))
        {
            await BodyWriting.WriteAsync(request, bytes.Slice((int)range.Offset, (int)range.Length));
            return;
        }

        request.TakeTurns();
        if (source.IsArriving(range.Offset))
        {
            await SendArrivingAsync(request, source, range);
            return;
        }

        await (TrySendFile(request, source, range) ?? CopyAsync(request, source, range));
    }

    // As they arrive, from the file in which they are.
    private static async Task SendArrivingAsync(RequestContext request, BlobSource source, ByteRange range)
    {
        for (var (offset, end) = (range.Offset, range.Offset + range.Length); offset < end;)
        {
            var (arrived, available) = await source.WaitAsync(offset, request.Aborted);
            var part = new ByteRange(offset, Math.Min(available, end) - offset);
            await (TrySendFile(request, arrived, part) ?? CopyAsync(request, arrived, part));
            offset += part.Length;
        }
    }

    // Null if the bytes are no file, or must pass through Kestrel. The file is already open, so a blob that is deleted meanwhile is still sent.
    private static Task? TrySendFile(RequestContext request, BlobSource source, ByteRange range) =>
        OperatingSystem.IsLinux()
            && request.Http.Features.Get<IHttpResponseBodyFeature>() is ZeroCopyResponseBody body
            && source.TryGetFile(out var file)
            ? body.SendFileAsync(file, range.Offset, range.Length, request, request.Aborted)
            : null;

    private static async Task CopyAsync(RequestContext request, BlobSource source, ByteRange range)
    {
        var writer = new PacedWriter(request, range.Length, PieceSize);
        await source.CopyToAsync(writer, range.Offset, range.Length, request.Aborted);
        await writer.FlushAsync();
    }

    // Many small parts leave in one piece; a large one bypasses Kestrel if it can.
    private static async Task SendPartsAsync(RequestContext request, BlobSource source, MultipartRanges parts)
    {
        var response = request.Response;
        response.StatusCode = StatusCodes.Status206PartialContent;
        response.ContentType = parts.ContentType;
        response.ContentLength = parts.Length;
        request.TakeTurns();
        await response.StartAsync(request.Aborted);
        var writer = new PacedWriter(request, parts.Length, PartsSize);
        foreach (var part in parts.Parts)
        {
            await writer.MakeRoomAsync(MultipartRanges.MaxHead);
            writer.Advance(parts.WriteHead(part, writer.GetSpan(MultipartRanges.MaxHead)));
            if (part.Length >= PartsSize && TrySendFile(request, source, part) is { } sending)
            {
                // The head leaves with the first bytes of the part.
                writer.Pass(part.Length);
                await sending;
            }
            else
            {
                await source.CopyToAsync(writer, part.Offset, part.Length, request.Aborted);
            }
        }

        writer.Write(parts.End);
        await writer.FlushAsync();
    }
}
