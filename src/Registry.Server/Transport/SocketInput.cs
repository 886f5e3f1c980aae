using System.IO.Pipelines;
using System.Net.Sockets;

namespace Registry.Server.Transport;

/// <summary>
/// Input of a connection. A waiting connection holds no memory. A receive gets a block for the amount of available input: up to 1 MiB for
/// a layer, 4 KiB for a request.
/// </summary>
/// <remarks>
/// The reader learns of the end of the input when it has examined all bytes and reads again. Kestrel takes a body that it reads together with the
/// end for a broken one, even if it is complete.
/// </remarks>
internal sealed class SocketInput : PipeReader
{
    // The rest of a block is used while a typical request fits in.
    private const int SmallestReceive = BlockPool.SmallestBlock / 2;

    // Larger than any request without a body.
    private const int StreamingThreshold = 32 * 1024;

    private readonly Socket _socket;
    private readonly BlockPool _pool;
    private readonly ConnectionMemory _memory;
    private readonly Pipe _pipe;
    private readonly long _maxAhead;
    private readonly Lock _lock = new();
    private bool _isDemanded;
    private bool _hasEnded;

    public SocketInput(Socket socket, BlockPool pool, ConnectionMemory memory, PipeOptions options, long maxAhead)
    {
        _socket = socket;
        _pool = pool;
        _memory = memory;
        _maxAhead = maxAhead;
        _pipe = new Pipe(options);
    }

    /// <summary>Receives until the peer closes its side, or the reader completes.</summary>
    /// <returns>True when the peer has closed its side.</returns>
    public async Task<bool> ReceiveAsync()
    {
        var writer = _pipe.Writer;
        var mayHaveMore = false;
        var ahead = 0L;
        while (true)
        {
            // Queries the amount of available input only after a large receive; a request of the usual size needs no extra system call.
            var available = mayHaveMore ? _socket.Available : 0;
            if (available == 0)
            {
                await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
                available = _memory.IsStreaming ? _socket.Available : 0;
            }

            _memory.IsStreaming = available > StreamingThreshold;
            var memory = writer.GetMemory(BlockSize(available));
            var count = await _socket.ReceiveAsync(memory, SocketFlags.None);
            if (count == 0)
            {
                return true;
            }

            mayHaveMore = count == memory.Length;
            writer.Advance(count);
            Volatile.Write(ref _isDemanded, false);

            // The threshold of the pipe is low. Only with little memory left, or far ahead of the reader, is the flush awaited that waits for it.
            var flush = writer.FlushAsync();
            ahead = flush.IsCompleted ? 0 : ahead + count;
            if (ahead > 0 && ahead < _maxAhead && !_pool.IsCrowded)
            {
                continue;
            }

            ahead = 0;
            var result = await flush;
            if (result.IsCompleted || result.IsCanceled)
            {
                return false;
            }
        }
    }

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

    // The reader has examined all bytes and wants more. True when there is no more.
    private bool Demand()
    {
        _isDemanded = true;
        return _hasEnded;
    }

    private int BlockSize(int available) => available <= BlockPool.SmallestBlock || _pool.IsCrowded
        ? SmallestReceive
        : Math.Min(available, BlockPool.LargestBlock);
}
