using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;
using Registry.Server.Transport.Buffers;

namespace Registry.Server.Transport.Output;

/// <summary>
/// Output of a connection: memory and ranges of files, in the order of writing. A flush sends on the caller's thread as much as the next layer
/// accepts, which is nearly always everything, and waits for the rest without a thread.
/// </summary>
/// <remarks>
/// Kestrel has one flush at a time. After a cancelled flush, sending continues, and the next flush waits for it.
/// </remarks>
/// <param name="pool">Memory of all connections.</param>
/// <param name="runBlocking">Runs work that may wait for a disk.</param>
internal abstract class OutputQueue(BlockPool pool, Func<Action, Task> runBlocking) : PipeWriter, IFileOutput
{
    // Block for what follows the first 4 KiB of a flush, or comes after a flush of this size.
    private const int LargeBlock = 32 * 1024;

    // Also locks the pieces in it and the flags.
    private readonly Queue<OutputPiece> _queue = new();
    private readonly List<OutputPiece> _batch = [];
    private IMemoryOwner<byte>? _block;
    private int _written;
    private long _unflushed;
    private long _memory;
    private long _memoryBefore;
    private FileRange? _announced;
    private Task _sending = Task.CompletedTask;
    private bool _isSending;
    private bool _isOver;
    private TaskCompletionSource? _cancelled;
    private long _turn;
    private long _sent;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => Volatile.Read(ref _unflushed);

    /// <summary>True when nothing more can be sent. With TLS and HTTP/2, Kestrel does not see this in the result of a flush.</summary>
    public bool IsOver => Volatile.Read(ref _isOver);

    /// <summary>True when the next layer has accepted all flushed bytes.</summary>
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

    /// <inheritdoc/>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Memory of all connections.</summary>
    protected BlockPool Pool { get; } = pool;

    /// <summary>Number of bytes that are sent in a row: a client that reads as fast as a file is sent must not occupy a thread.</summary>
    protected abstract int MaxTurn { get; }

    /// <inheritdoc/>
    public void AnnounceFile(SafeFileHandle file, long offset, int count)
    {
        _announced?.Release();
        _announced = new FileRange(file, offset, count);
    }

    /// <inheritdoc/>
    public void WithdrawFile()
    {
        _announced?.Release();
        _announced = null;
    }

    /// <inheritdoc/>
    public Task RunBlockingAsync(Action work) => runBlocking(work);

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

        _block ??= Pool.Rent(Math.Max(NextBlock, sizeHint));
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
            _memory += bytes;
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
        (_memoryBefore, _memory, _unflushed) = (_memory, 0, 0);
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

        var sending = SendQueueAsync();
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

    /// <summary>Waits until the next layer has accepted all flushed bytes, or the connection has failed. Never throws.</summary>
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

    /// <summary>Sends the first pieces of the queue.</summary>
    /// <param name="batch">Some pieces of memory, or a range of a file.</param>
    /// <param name="more">True when other pieces follow at once.</param>
    protected abstract ValueTask SendAsync(List<OutputPiece> batch, bool more);

    /// <summary>Ends the connection after a failure to send.</summary>
    protected abstract void OnFailed(Exception error);

    /// <summary>Counts sent bytes.</summary>
    protected void Count(long bytes)
    {
        _turn += bytes;
        _sent += bytes;
    }

    /// <summary>Lets other work have the thread after a large amount of sent bytes.</summary>
    protected ValueTask TakeTurnAsync()
    {
        if (_turn < MaxTurn)
        {
            return ValueTask.CompletedTask;
        }

        _turn = 0;
        return YieldAsync();
    }

    private static async ValueTask YieldAsync() => await Task.Yield();

    private FlushResult Result => new(isCanceled: false, isCompleted: Volatile.Read(ref _isOver));

    private int NextBlock => Math.Max(_memoryBefore, _memory) < BlockPool.SmallestBlock || Pool.IsCrowded ? BlockPool.SmallestBlock : LargeBlock;

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
    private async ValueTask SendQueueAsync()
    {
        try
        {
            while (TakeBatch() is { } more)
            {
                await SendAsync(_batch, more);
                lock (_queue)
                {
                    foreach (var piece in _batch)
                    {
                        _queue.Dequeue();
                        piece.Dispose();
                    }
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

            OnFailed(e);
        }
    }

    // Copies the first pieces into the batch, and leaves them in the queue until they are sent. Null when there are none.
    private bool? TakeBatch()
    {
        _batch.Clear();
        lock (_queue)
        {
            if (_isOver)
            {
                Drop();
            }

            foreach (var piece in _queue)
            {
                if (_batch.Count == OutputPiece.MaxAtOnce || (_batch.Count > 0 && (piece.File ?? _batch[0].File) is not null))
                {
                    break;
                }

                _batch.Add(piece);
            }

            if (_batch.Count == 0)
            {
                _isSending = false;
                return null;
            }

            return _queue.Count > _batch.Count;
        }
    }

    private void Drop()
    {
        while (_queue.TryDequeue(out var piece))
        {
            piece.Dispose();
        }
    }
}
