using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Registry.Server.Transport;

/// <summary>
/// What a connection sends: memory and parts of files, in the order in which they were written. A flush sends on the caller's thread as much as
/// the socket takes, which is nearly always everything, and waits without a thread for the rest.
/// </summary>
/// <remarks>
/// Kestrel flushes one at a time. After a flush that was cancelled, the sending goes on, and the next flush waits for it.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class SocketOutput(DirectConnection connection, BlockPool pool) : PipeWriter
{
    // A client that reads as fast as a file is sent must not keep a thread to itself.
    private const int MaxTurn = 4 * 1024 * 1024;

    // Also the lock of what is in it and of the flags.
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

    /// <summary>Whether a flush waits for the peer to read.</summary>
    public bool IsWaiting => Volatile.Read(ref _isWaiting);

    /// <summary>Whether nothing more can be sent. TLS, between Kestrel and this, drops what a flush says of it.</summary>
    public bool IsOver => Volatile.Read(ref _isOver);

    /// <summary>Whether everything that was flushed is in the kernel's hands.</summary>
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

    /// <summary>How many bytes the kernel has taken.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>
    /// Puts a part of a file in line. The next memory that is asked for is its <see cref="FilePlaceholder"/>; advancing over it stands for
    /// the file's bytes.
    /// </summary>
    public void AnnounceFile(SafeFileHandle file, long offset, int count)
    {
        _announced?.Release();
        _announced = new FileRange(file, offset, count);
    }

    /// <summary>Takes the announcement back, when somebody else's memory was handed out instead.</summary>
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

    /// <summary>Nothing more is written. What was written is sent, unless it ends with an error.</summary>
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

    /// <summary>Waits until everything that was flushed is in the kernel's hands, or the connection has failed. Never fails.</summary>
    public Task DrainAsync() => _sending;

    /// <summary>Drops what is not sent yet: the connection is gone.</summary>
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

    // Never fails: a connection that cannot be sent to is over, and whoever flushes is told so.
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
#pragma warning disable CA1031 // Whatever it is, it is the end of this connection, and nobody else hears of it.
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
        // The head of an answer waits for the first bytes of its file.
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

    // The socket is full. Nothing in the BCL waits for room alone, but sending a small piece does.
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
            Volatile.Write(ref _isWaiting, !sending.IsCompleted);
            var count = await sending;
            Volatile.Write(ref _isWaiting, false);
            memory = memory[count..];
            _sent += count;
        }
    }
}
