using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Registry.Server.Transport;

/// <summary>
/// Output of a connection: memory and ranges of files, in the order of writing. A flush sends on the caller's thread as much as the socket
/// accepts, which is nearly always everything, and waits for the rest without a thread.
/// </summary>
/// <remarks>
/// Kestrel has one flush at a time. After a cancelled flush, sending continues, and the next flush waits for it.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class SocketOutput(DirectConnection connection, BlockPool pool, OutputWatch watch) : PipeWriter
{
    // Bound of bytes sent in a row: a client that reads as fast as a file is sent must not occupy a thread.
    private const int MaxTurn = 4 * 1024 * 1024;

    // Also locks the pieces in it and the flags.
    private readonly Queue<OutputPiece> _queue = new();
    private IMemoryOwner<byte>? _block;
    private int _written;
    private long _unflushed;
    private FileRange? _announced;
    private Task _sending = Task.CompletedTask;
    private bool _isSending;
    private bool _isOver;
    private TaskCompletionSource? _cancelled;
    private bool _isWaiting;
    private int _turn;
    private long _sent;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => Volatile.Read(ref _unflushed);

    /// <summary>True while a flush waits for the peer to read.</summary>
    public bool IsWaiting => Volatile.Read(ref _isWaiting);

    /// <summary>True when nothing more can be sent. With TLS, Kestrel does not see this in the result of a flush.</summary>
    public bool IsOver => Volatile.Read(ref _isOver);

    /// <summary>True when the kernel has accepted all flushed bytes.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_queue)
            {
                return !_isSending && _queue.Count == 0;
            }
        }
    }

    /// <summary>Number of bytes that the kernel has accepted.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>
    /// Announces a range of a file. The next requested memory is its <see cref="FilePlaceholder"/>; advancing over it enqueues the file's
    /// bytes.
    /// </summary>
    public void AnnounceFile(SafeFileHandle file, long offset, int count)
    {
        _announced?.Release();
        _announced = new FileRange(file, offset, count);
    }

    /// <summary>Withdraws the announcement, when Kestrel handed out its own memory instead.</summary>
    public void WithdrawFile()
    {
        _announced?.Release();
        _announced = null;
    }

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_announced is { } file)
        {
            return FilePlaceholder.Of(file.Remaining);
        }

        if (_block is not null && _block.Memory.Length - _written < Math.Max(1, sizeHint))
        {
            QueueBlock();
        }

        _block ??= pool.Rent(Math.Max(BlockPool.SmallestBlock, sizeHint));
        return _block.Memory[_written..];
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        _unflushed += bytes;
        if (_announced is not { } file)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, (_block?.Memory.Length ?? 0) - _written);
            _written += bytes;
            return;
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes, file.Remaining);
        _announced = null;
        QueueBlock();
        Queue(new OutputPiece(file));
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        QueueBlock();
        _unflushed = 0;
        lock (_queue)
        {
            if (_isSending)
            {
                return WaitAsync(cancellationToken);
            }

            if (_queue.Count == 0)
            {
                return new ValueTask<FlushResult>(Result);
            }

            _isSending = true;
        }

        var sending = SendAsync();
        if (sending.IsCompletedSuccessfully)
        {
            return new ValueTask<FlushResult>(Result);
        }

        _sending = sending.AsTask();
        return WaitAsync(cancellationToken);
    }

    public override void CancelPendingFlush() => Volatile.Read(ref _cancelled)?.TrySetResult();

    /// <summary>Completes the output. Written bytes are still sent, unless it completes with an error.</summary>
    public override void Complete(Exception? exception = null)
    {
        WithdrawFile();
        if (exception is null)
        {
            _ = FlushAsync(CancellationToken.None).AsTask();
            return;
        }

        _block?.Dispose();
        _block = null;
        _written = 0;
    }

    /// <summary>Waits until the kernel has accepted all flushed bytes, or the connection has failed. Never throws.</summary>
    public Task DrainAsync() => _sending;

    /// <summary>Drops unsent bytes after the end of the connection.</summary>
    public void Abandon()
    {
        lock (_queue)
        {
            _isOver = true;
            if (!_isSending)
            {
                Drop();
            }
        }
    }

    private FlushResult Result => new(isCanceled: false, isCompleted: Volatile.Read(ref _isOver));

    private async ValueTask<FlushResult> WaitAsync(CancellationToken cancellationToken)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _cancelled, cancelled);
        try
        {
            var ended = await Task.WhenAny(_sending, cancelled.Task).WaitAsync(cancellationToken);
            return ended == cancelled.Task ? new FlushResult(isCanceled: true, isCompleted: false) : Result;
        }
        finally
        {
            Volatile.Write(ref _cancelled, null);
        }
    }

    private void QueueBlock()
    {
        if (_block is { } block)
        {
            _block = null;
            if (_written > 0)
            {
                Queue(new OutputPiece(block, _written));
            }
            else
            {
                block.Dispose();
            }

            _written = 0;
        }
    }

    private void Queue(OutputPiece piece)
    {
        lock (_queue)
        {
            if (!_isOver)
            {
                _queue.Enqueue(piece);
                return;
            }
        }

        piece.Dispose();
    }

    // Never throws: when sending fails, the connection is over, and the result of the flush tells so.
    private async ValueTask SendAsync()
    {
        try
        {
            while (true)
            {
                OutputPiece piece;
                bool more;
                lock (_queue)
                {
                    if (_isOver)
                    {
                        Drop();
                    }

                    if (_queue.Count == 0)
                    {
                        _isSending = false;
                        return;
                    }

                    piece = _queue.Peek();
                    more = _queue.Count > 1;
                }

                if (piece.File is { } file)
                {
                    await SendFileAsync(file);
                }
                else
                {
                    await SendMemoryAsync(piece.Memory, more);
                }

                lock (_queue)
                {
                    _queue.Dequeue().Dispose();
                }
            }
        }
#pragma warning disable CA1031 // Any failure ends this connection only.
        catch (Exception e)
#pragma warning restore CA1031
        {
            lock (_queue)
            {
                _isOver = true;
                _isSending = false;
                Drop();
            }

            connection.OnSendFailed(e);
        }
    }

    private void Drop()
    {
        while (_queue.TryDequeue(out var piece))
        {
            piece.Dispose();
        }
    }

    private ValueTask SendMemoryAsync(ReadOnlyMemory<byte> memory, bool more)
    {
        // The head of a response waits for the first bytes of its file.
        var sent = LinuxSocket.Send(connection.Socket.SafeHandle, memory.Span, more);
        if (sent < 0 && sent != -LinuxSocket.Eagain)
        {
            throw LinuxSocket.Fault(-sent);
        }

        _sent += Math.Max(0, sent);
        return sent == memory.Length ? ValueTask.CompletedTask : WaitToSendAsync(memory[Math.Max(0, sent)..]);
    }

    private async ValueTask SendFileAsync(FileRange file)
    {
        while (file.Remaining > 0)
        {
            if (_turn >= MaxTurn)
            {
                _turn = 0;
                await Task.Yield();
            }

            var sent = LinuxSocket.SendFile(connection.Socket.SafeHandle, file.File, file.Offset, file.Remaining);
            switch (sent)
            {
                case > 0:
                    file.Advance((int)sent);
                    _turn += (int)sent;
                    _sent += sent;
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
        using var block = pool.Rent(BlockPool.SmallestBlock);
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
            _sent += count;
        }
    }
}
