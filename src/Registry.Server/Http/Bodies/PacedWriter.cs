using System.IO.Pipelines;
using Registry.Server.Requests;

namespace Registry.Server.Http.Bodies;

/// <summary>
/// Response body that a blob is copied into: hands out its memory in pieces, sends them at the client's pace, and counts the sent bytes.
/// </summary>
/// <param name="request">The request.</param>
/// <param name="length">Number of bytes that will be written.</param>
/// <param name="pieceSize">Size of the largest piece, in bytes.</param>
internal sealed class PacedWriter(RequestContext request, long length, int pieceSize) : PipeWriter
{
    // Size of the first pieces, so that a client that opens a small window holds little, and of all pieces while memory for connections is short.
    private const int LeastPieceSize = 32 * 1024;

    // Number of bytes that are sent in small pieces first.
    private const int Beginning = 256 * 1024;

    private readonly PipeWriter _body = request.Response.BodyWriter;
    private long _sent;
    private int _piece;
    private int _filled;

    /// <inheritdoc/>
    /// <remarks>The memory ends with the piece, or begins another one when the piece is full.</remarks>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_filled == 0)
        {
            var wanted = Math.Min(pieceSize, _sent < Beginning || request.IsCrowded ? LeastPieceSize : pieceSize);
            _piece = BodyWriting.ReservePiece(request, wanted);
        }

        var room = Math.Min(_filled < _piece ? _piece - _filled : _piece, length - _sent - _filled);
        var size = Math.Max(Math.Max(sizeHint, 1), (int)room);
        return _body.GetMemory(size)[..size];
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        _body.Advance(bytes);
        _filled += bytes;
    }

    /// <summary>Flushes the written bytes unless the piece has room for more.</summary>
    /// <param name="size">Number of bytes that the caller will write next, at least.</param>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public ValueTask MakeRoomAsync(int size) => _filled > 0 && _piece - _filled < size ? new ValueTask(SendAsync()) : ValueTask.CompletedTask;

    /// <summary>Counts the written bytes, which leave together with bytes that bypass this writer.</summary>
    /// <param name="count">Number of those other bytes.</param>
    public void Pass(long count)
    {
        request.Report(_filled);
        _sent += _filled + count;
        _filled = 0;
    }

    /// <inheritdoc/>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        await SendAsync();
        return default;
    }

    public override void CancelPendingFlush() => _body.CancelPendingFlush();

    /// <summary>Does nothing: the response has more to end than its body.</summary>
    public override void Complete(Exception? exception = null)
    {
    }

    private async Task SendAsync()
    {
        var count = _filled;
        _filled = 0;
        await BodyWriting.FlushAsync(request, count);
        _sent += count;
    }
}
