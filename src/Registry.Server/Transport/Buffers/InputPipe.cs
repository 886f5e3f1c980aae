using System.IO.Pipelines;

namespace Registry.Server.Transport.Buffers;

/// <summary>
/// Input of a connection, for its reader. A waiting connection holds no memory. The receiver gets a block for the amount of available input: up to
/// 1 MiB for a layer, 4 KiB for a request.
/// </summary>
/// <remarks>
/// The reader learns of the end of the input when it has examined all bytes and reads again. Kestrel takes a body that it reads together with the
/// end for a broken one, even if it is complete.
/// </remarks>
/// <param name="pool">Memory of all connections.</param>
/// <param name="options">Options of the pipe; its threshold is the number of bytes ahead while the pool is crowded.</param>
/// <param name="maxAhead">Number of bytes that may be received ahead of the reader while the pool is not crowded.</param>
internal abstract class InputPipe(BlockPool pool, PipeOptions options, long maxAhead) : PipeReader
{
    // The rest of a block is used while a typical request fits in.
    private const int SmallestReceive = BlockPool.SmallestBlock / 2;

    // Bytes ahead of the reader while the pool is crowded. Kestrel looks at all of a head at once, and what was looked at does not count.
    private const int CrowdedAhead = 16 * 1024;

    private readonly Pipe _pipe = new(options);
    private readonly Lock _lock = new();
    private long _ahead;
    private bool _isDemanded;
    private bool _hasEnded;

    /// <summary>
    /// Creates the options that all inputs share. The reader runs on the thread that received the bytes, so a request that is answered from memory uses
    /// no other thread.
    /// </summary>
    /// <param name="pool">Memory of all connections.</param>
    public static PipeOptions CreateOptions(BlockPool pool) => new(
        pool,
        readerScheduler: PipeScheduler.Inline,
        writerScheduler: PipeScheduler.ThreadPool,
        pauseWriterThreshold: CrowdedAhead,
        resumeWriterThreshold: CrowdedAhead / 2,
        minimumSegmentSize: BlockPool.SmallestBlock,
        useSynchronizationContext: false);

    /// <summary>Ends the input in order: the reader sees the end after all received bytes.</summary>
    public void End()
    {
        bool isDemanded;
        lock (_lock)
        {
            _hasEnded = true;
            isDemanded = _isDemanded;
        }

        if (isDemanded)
        {
            _pipe.Writer.Complete();
        }
    }

    /// <summary>Completes the input at once, with the reason.</summary>
    public void Break(Exception? reason) => _pipe.Writer.Complete(reason);

    /// <summary>Wakes a receive that waits for the reader.</summary>
    public void CancelPendingFlush() => _pipe.Writer.CancelPendingFlush();

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var reading = _pipe.Reader.ReadAsync(cancellationToken);
        if (!reading.IsCompleted)
        {
            bool hasEnded;
            lock (_lock)
            {
                // When bytes have arrived meanwhile, the reader has to look at them first.
                hasEnded = !reading.IsCompleted && Demand();
            }

            if (hasEnded)
            {
                _pipe.Writer.Complete();
            }
        }

        return reading;
    }

    public override bool TryRead(out ReadResult result)
    {
        if (_pipe.Reader.TryRead(out result))
        {
            return true;
        }

        lock (_lock)
        {
            if (!Demand())
            {
                return false;
            }
        }

        _pipe.Writer.Complete();
        return _pipe.Reader.TryRead(out result);
    }

    public override void AdvanceTo(SequencePosition consumed) => _pipe.Reader.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _pipe.Reader.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => _pipe.Reader.CancelPendingRead();

    public override void Complete(Exception? exception = null) => _pipe.Reader.Complete(exception);

    /// <summary>Returns memory for available input.</summary>
    protected Memory<byte> GetMemory(int available) => _pipe.Writer.GetMemory(
        available <= BlockPool.SmallestBlock || pool.IsCrowded ? SmallestReceive : Math.Min(available, BlockPool.LargestBlock));

    /// <summary>Passes received bytes to the reader, and waits while it is too far behind.</summary>
    /// <returns>False when the reader wants no more.</returns>
    protected async ValueTask<bool> PassAsync(int count)
    {
        var writer = _pipe.Writer;
        writer.Advance(count);
        Volatile.Write(ref _isDemanded, false);

        // The threshold of the pipe is low. Only with little memory left, or far ahead of the reader, is the flush awaited that waits for it.
        var flush = writer.FlushAsync();
        _ahead = flush.IsCompleted ? 0 : _ahead + count;
        if (_ahead > 0 && _ahead < maxAhead && !pool.IsCrowded)
        {
            return true;
        }

        _ahead = 0;
        var result = await flush;
        return !(result.IsCompleted || result.IsCanceled);
    }

    // The reader has examined all bytes and wants more. True when there is no more.
    private bool Demand()
    {
        _isDemanded = true;
        return _hasEnded;
    }
}
