using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Win32.SafeHandles;
using Registry.Core.Blobs;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Server.Http.Ranges;
using Registry.Server.Pipeline;
using Registry.Server.Transport;

namespace Registry.Server.Http.Bodies;

/// <summary>
/// Answers requests for blobs: with the whole, a part, several parts, or 304. Files bypass Kestrel if the transport supports it
/// (<see cref="ZeroCopyResponseBody"/>); otherwise they are copied piece by piece.
/// </summary>
internal static class BlobResponse
{
    // The content of a digest never changes.
    private const string CacheControl = "max-age=31536000, immutable";

    // Size of a piece of a response with several ranges, and of a part that is sent without copying.
    private const int PartsSize = 64 * 1024;

    // Size of a piece: memory of a copy beside the connection's buffer, and granularity of the count of a response that ends early. Over HTTP/2, each
    // costs two switches between threads, so larger ones take a fifth less processor time.
    private const int PieceSize = 256 * 1024;

    // Size of the first pieces, so that a client that opens a small window holds little, and of all pieces while memory for connections is short.
    private const int LeastPieceSize = 32 * 1024;

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
    /// <exception cref="StorageException">The file cannot be read.</exception>
    public static async Task<RegistryError?> SendAsync(RequestContext request, BlobContent content, Digest digest)
    {
        var headers = request.Request.Headers;
        var response = request.Response;
        var refused = WriteHead(request.Http, digest, content.Length);
        if (refused is not null || response.StatusCode == StatusCodes.Status304NotModified)
        {
            return refused;
        }

        switch (AppliesTo(headers.IfRange, digest) ? RangeHeader.Parse(headers.Range, content.Length) : null)
        {
            case []:
                response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{content.Length}");
                return RegistryErrorCode.RangeNotSatisfiable;
            case [var range]:
                response.StatusCode = StatusCodes.Status206PartialContent;
                response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {range.Offset}-{range.Last}/{content.Length}");
                response.ContentLength = range.Length;
                await SendAsync(request, content, range);
                return null;
            case { } ranges when new MultipartRanges(ranges, content.Length) is { IsLargerThanWhole: false } parts:
                await SendPartsAsync(request, content, parts);
                return null;
            default:
                await SendAsync(request, content, new ByteRange(0, content.Length));
                return null;
        }
    }

    /// <summary>Sends content whole, after its head: from memory, or from its file without holding it.</summary>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    /// <exception cref="StorageException">The file cannot be read.</exception>
    public static Task SendBodyAsync(RequestContext request, BlobContent content) => SendAsync(request, content, new ByteRange(0, content.Length));

    // If-Range with anything but this entity tag, such as a date, means that the client's part may be stale (RFC 9110, section 13.1.5).
    private static bool AppliesTo(string? ifRange, Digest digest) => string.IsNullOrEmpty(ifRange) || ifRange == EntityTags.Of(digest);

    // Asynchronous also where it need not be: otherwise the caller would have the network of TakeTurns.
    private static async Task SendAsync(RequestContext request, BlobContent content, ByteRange range)
    {
        if (range.Length == 0)
        {
            return;
        }

        if (content.Bytes is { } bytes)
        {
            await BodyWriting.WriteAsync(request, bytes.AsMemory((int)range.Offset, (int)range.Length));
            return;
        }

        // The file is already open, so a blob that is deleted meanwhile is still sent.
        request.TakeTurns();
        await (OperatingSystem.IsLinux() && request.Http.Features.Get<IHttpResponseBodyFeature>() is ZeroCopyResponseBody zeroCopy
            ? zeroCopy.SendFileAsync(content.Handle, range.Offset, range.Length, request, request.Aborted)
            : CopyAsync(request, content.Handle, range));
    }

    private static bool BypassesKestrel(RequestContext request) =>
        OperatingSystem.IsLinux() && request.Http.Features.Get<IHttpResponseBodyFeature>() is ZeroCopyResponseBody;

    private static async Task CopyAsync(RequestContext request, SafeFileHandle file, ByteRange range)
    {
        var writer = request.Response.BodyWriter;
        for (var (offset, end) = (range.Offset, range.Offset + range.Length); offset < end;)
        {
            var wanted = offset - range.Offset < PieceSize || request.IsCrowded ? LeastPieceSize : PieceSize;
            var size = (int)Math.Min(BodyWriting.ReservePiece(request, wanted), end - offset);
            var memory = writer.GetMemory(size)[..size];
            var count = OperatingSystem.IsLinux() ? PageCache.Read(file, memory.Span, offset) : 0;
            if (count == 0)
            {
                // Not in memory: a thread waits for the disk.
                count = await ReadAsync(file, memory, offset, request.Aborted);
            }

            writer.Advance(count);
            await BodyWriting.FlushAsync(request, count);
            offset += count;
        }
    }

    private static async Task<int> ReadAsync(SafeFileHandle file, Memory<byte> memory, long offset, CancellationToken cancellationToken)
    {
        try
        {
            var count = await RandomAccess.ReadAsync(file, memory, offset, cancellationToken);
            return count > 0 ? count : throw new EndOfStreamException("The file is shorter than it was.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(e.Message, e);
        }
    }

    // Small parts are copied, many at a time; a large one bypasses Kestrel if it can.
    private static async Task SendPartsAsync(RequestContext request, BlobContent content, MultipartRanges parts)
    {
        var response = request.Response;
        response.StatusCode = StatusCodes.Status206PartialContent;
        response.ContentType = parts.ContentType;
        response.ContentLength = parts.Length;
        await response.StartAsync(request.Aborted);
        var maxPart = content.Bytes is null && BypassesKestrel(request) ? PartsSize : long.MaxValue;
        var size = BodyWriting.ReservePiece(request, PartsSize);
        for (var reader = new MultipartReader(parts, content); !reader.IsOver;)
        {
            var memory = response.BodyWriter.GetMemory(size)[..size];
            var count = reader.Read(memory.Span, maxPart, mayWait: false);
            if (count == 0)
            {
                // Not in memory: a thread waits for the disk.
                count = await Task.Run(() => reader.Read(memory.Span, maxPart, mayWait: true), request.Aborted);
            }

            response.BodyWriter.Advance(count);
            if (reader.Next is { } part && part.Length >= maxPart)
            {
                // The head leaves with the first bytes of the part.
                request.Report(count);
                await SendAsync(request, content, part);
                reader.Skip();
                continue;
            }

            await BodyWriting.FlushAsync(request, count);
        }
    }
}
