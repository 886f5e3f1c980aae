using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Registry.Server.Transport.Buffers;
using Registry.Server.Transport.Output;

namespace Registry.Server.Transport;

/// <summary>Output of a connection to its socket: several blocks of memory in one system call, and files by sendfile(2).</summary>
[SupportedOSPlatform("linux")]
internal sealed class SocketOutput(DirectConnection connection, BlockPool pool, OutputWatch watch, Func<Action, Task> runBlocking, TimeProvider time)
    : OutputQueue(pool, runBlocking)
{
    // Upper bound of a farewell: two frames GOAWAY of 17 bytes and the alert close_notify of 2, each in a TLS record with up to 29 more (RFC 9113, section 6.8;
    // RFC 5246, section 6.2.3). Only an answer of HTTP/2 without a body is as short.
    private const int LongestFarewell = 128;

    private bool _isWaiting;
    private bool _isAnswer;
    private long _answeredAt;
    private long _flushed;
    private long _answerEnd;

    /// <summary>Time at which the socket last took bytes that may belong to an answer, as a timestamp of the clock; 0 before the first.</summary>
    public long AnsweredAt => Volatile.Read(ref _answeredAt);

    /// <summary>Position in the output behind the last bytes that may belong to an answer.</summary>
    public long AnswerEnd => Interlocked.Read(ref _answerEnd);

    /// <summary>True while a flush waits for the peer to read.</summary>
    public bool IsWaiting => Volatile.Read(ref _isWaiting);

    // About a millisecond.
    protected override int MaxTurn => 4 * 1024 * 1024;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (UnflushedBytes > 0)
        {
            _flushed += UnflushedBytes;
            _isAnswer = UnflushedBytes > LongestFarewell;
            if (_isAnswer)
            {
                Interlocked.Exchange(ref _answerEnd, _flushed);
            }

            NoteAnswer();
        }

        return base.FlushAsync(cancellationToken);
    }

    protected override ValueTask SendAsync(List<OutputPiece> batch, bool more) =>
        batch[0].File is { } file ? SendFileAsync(file) : SendMemoryAsync(batch, more);

    protected override void OnFailed(Exception error) => connection.OnSendFailed(error);

    private ValueTask SendMemoryAsync(List<OutputPiece> batch, bool more)
    {
        // The head of a response waits for the first bytes of its file.
        var sent = LinuxSocket.Send(connection.Socket.SafeHandle, batch, more);
        if (sent < 0 && sent != -LinuxSocket.Eagain)
        {
            throw LinuxSocket.Fault(-sent);
        }

        sent = Math.Max(0, sent);
        Count(sent);
        for (var i = 0; i < batch.Count; i++)
        {
            if (sent < batch[i].Memory.Length)
            {
                return WaitToSendAsync(batch, i, sent);
            }

            sent -= batch[i].Memory.Length;
        }

        return ValueTask.CompletedTask;
    }

    private async ValueTask SendFileAsync(FileRange file)
    {
        while (file.Remaining > 0)
        {
            await TakeTurnAsync();
            var sent = LinuxSocket.SendFile(connection.Socket.SafeHandle, file.File, file.Offset, file.Remaining);
            switch (sent)
            {
                case > 0:
                    file.Advance((int)sent);
                    Count(sent);
                    break;
                case 0:
                    throw new IOException("the file is shorter than it was");
                case -LinuxSocket.Eagain:
                    await SendBlockAsync(file);
                    break;
                default:
                    throw LinuxSocket.Fault((int)-sent);
            }
        }
    }

    // The socket is full. The BCL cannot wait for room alone, but sending a small piece waits.
    private async ValueTask SendBlockAsync(FileRange file)
    {
        using var block = Pool.Rent(BlockPool.SmallestBlock);
        var toPageEnd = Environment.SystemPageSize - (int)(file.Offset % Environment.SystemPageSize);
        var memory = block.Memory[..Math.Min(Math.Min(BlockPool.SmallestBlock, toPageEnd), file.Remaining)];
        var count = RandomAccess.Read(file.File, memory.Span, file.Offset);
        if (count == 0)
        {
            throw new IOException("the file is shorter than it was");
        }

        await WaitToSendAsync(memory[..count]);
        file.Advance(count);
    }

    // Sends the pieces from one on, of which a part has been sent.
    private async ValueTask WaitToSendAsync(List<OutputPiece> batch, int first, int sent)
    {
        for (var i = first; i < batch.Count; i++)
        {
            await WaitToSendAsync(batch[i].Memory[sent..]);
            sent = 0;
        }
    }

    private async ValueTask WaitToSendAsync(ReadOnlyMemory<byte> memory)
    {
        while (!memory.IsEmpty)
        {
            var sending = connection.Socket.SendAsync(memory, SocketFlags.None);
            if (!sending.IsCompleted)
            {
                Volatile.Write(ref _isWaiting, true);
                watch.Add(connection);
            }

            var count = await sending;
            Volatile.Write(ref _isWaiting, false);
            memory = memory[count..];
            Count(count);
            NoteAnswer();
        }
    }

    private void NoteAnswer()
    {
        if (_isAnswer)
        {
            Volatile.Write(ref _answeredAt, time.GetTimestamp());
        }
    }
}
