using System.IO.Pipelines;
using Registry.Server.Memory;
using Registry.Server.Requests;
using Registry.Server.Transport;

namespace Registry.Server.Http.Bodies;

/// <summary>Writes response bodies from memory, at the client's pace, and counts the sent bytes.</summary>
internal static class BodyWriting
{
    // Largest part of a response that a connection buffers. A client that reads nothing costs no more than this.
    private const int PieceSize = 64 * 1024;

    /// <summary>Size of a piece on a stream of HTTP/2 when memory is short; <see cref="RequestMemory.Stream"/> includes it.</summary>
    public const int LeastPiece = 8 * 1024;

    /// <summary>Size of the pieces in which a body is sent, in bytes. On a stream of HTTP/2, a larger piece than the least is reserved until the end of the request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="wanted">Largest size that is of use.</param>
    public static int ReservePiece(RequestContext request, int wanted)
    {
        if (wanted <= LeastPiece || !request.IsStream)
        {
            return wanted;
        }

        var reserved = (int)((request.Stream?.Bytes ?? RequestMemory.Stream) - RequestMemory.Stream + LeastPiece);
        return wanted <= reserved || request.Stream?.TryAdd(wanted - reserved) is true ? wanted : reserved;
    }

    /// <summary>Writes bytes.</summary>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public static async Task WriteAsync(RequestContext request, ReadOnlyMemory<byte> bytes)
    {
        // A cancellation token is an allocation, and nearly every response fits into the buffer of its connection.
        var aborted = bytes.Length > PieceSize ? request.Aborted : CancellationToken.None;
        var size = ReservePiece(request, Math.Min(PieceSize, bytes.Length));
        while (!bytes.IsEmpty)
        {
            var piece = bytes[..Math.Min(size, bytes.Length)];
            var flushed = await PassAsync(request, request.Response.BodyWriter.WriteAsync(piece, aborted), piece.Length);
            Count(request, flushed.IsCompleted || flushed.IsCanceled, piece.Length);
            bytes = bytes[piece.Length..];
        }
    }

    /// <summary>Flushes the written bytes and waits until the client has taken enough.</summary>
    /// <param name="request">The request.</param>
    /// <param name="count">Number of bytes that were written.</param>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public static async Task FlushAsync(RequestContext request, int count)
    {
        var flushed = await PassAsync(request, request.Response.BodyWriter.FlushAsync(request.Aborted), count);
        Count(request, flushed.IsCompleted || flushed.IsCanceled || IsOver(request), count);
    }

    private static async ValueTask<FlushResult> PassAsync(RequestContext request, ValueTask<FlushResult> flushing, int count)
    {
        if (flushing.IsCompleted || request.Sent is not { } body)
        {
            return await flushing;
        }

        body.Wait();
        try
        {
            return await flushing;
        }
        finally
        {
            body.Pass(count);
        }
    }

    // Kestrel learns of the end of a connection a moment later than its transport, and with TLS accepts all bytes meanwhile.
    private static bool IsOver(RequestContext request) =>
        OperatingSystem.IsLinux() && request.Http.Features.Get<DirectConnection>() is { Output.IsOver: true };

    private static void Count(RequestContext request, bool isOver, int count)
    {
        if (isOver)
        {
            throw new OperationCanceledException("The client has gone away.");
        }

        request.Report(count);
    }
}
