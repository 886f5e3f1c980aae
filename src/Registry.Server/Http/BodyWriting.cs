using Registry.Server.Pipeline;
using Registry.Server.Transport;

namespace Registry.Server.Http;

/// <summary>Writing a body that is in memory, no faster than the client takes it, and counting what was taken.</summary>
internal static class BodyWriting
{
    // What a connection holds of an answer at a time: a client that reads nothing costs no more than this, whatever the size of the answer.
    private const int PieceSize = 64 * 1024;

    /// <summary>Writes bytes.</summary>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public static async Task WriteAsync(RequestContext request, ReadOnlyMemory<byte> bytes)
    {
        // A token is an allocation, and nearly every answer fits into the buffer of its connection.
        var aborted = bytes.Length > PieceSize ? request.Aborted : CancellationToken.None;
        while (!bytes.IsEmpty)
        {
            var piece = bytes[..Math.Min(PieceSize, bytes.Length)];
            var flushed = await request.Response.BodyWriter.WriteAsync(piece, aborted);
            Count(request, flushed.IsCompleted || flushed.IsCanceled, piece.Length);
            bytes = bytes[piece.Length..];
        }
    }

    /// <summary>Flushes what was written, and waits until the client has taken enough.</summary>
    /// <param name="request">Whose answer.</param>
    /// <param name="count">How many bytes those are.</param>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public static async Task FlushAsync(RequestContext request, int count)
    {
        var flushed = await request.Response.BodyWriter.FlushAsync(request.Aborted);
        Count(request, flushed.IsCompleted || flushed.IsCanceled || IsOver(request), count);
    }

    // Kestrel hears of the end of a connection a moment later than its transport, and with TLS takes everything meanwhile.
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
