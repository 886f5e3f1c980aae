using System.IO.Pipelines;
using System.Net.Sockets;

namespace Registry.Server.Transport;

/// <summary>
/// Input of a connection. A waiting connection holds no memory. A receive gets a block for the amount of available input: up to 1 MiB for
/// a layer, 4 KiB for a request.
/// </summary>
internal sealed class SocketInput
{
    // The rest of a block is used while a typical request fits in.
    private const int SmallestReceive = BlockPool.SmallestBlock / 2;

    // Larger than any request without a body.
    private const int StreamingThreshold = 32 * 1024;

    private readonly Socket _socket;
    private readonly BlockPool _pool;
    private readonly ConnectionMemory _memory;
    private readonly Pipe _pipe;

    public SocketInput(Socket socket, BlockPool pool, ConnectionMemory memory, PipeOptions options)
    {
        _socket = socket;
        _pool = pool;
        _memory = memory;

        _pipe = new Pipe(options);
    }

    /// <summary>Received bytes.</summary>
    public PipeReader Reader => _pipe.Reader;

    /// <summary>Receives until the peer closes its side, or the reader completes.</summary>
    /// <returns>True when the peer has closed its side.</returns>
    public async Task<bool> ReceiveAsync()
    {
        var writer = _pipe.Writer;
        var mayHaveMore = false;
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
            var result = await writer.FlushAsync();
            if (result.IsCompleted || result.IsCanceled)
            {
                return false;
            }
        }
    }

    /// <summary>Completes the input, with the reason.</summary>
    public void Complete(Exception? reason) => _pipe.Writer.Complete(reason);

    /// <summary>Wakes a receive that waits for the reader.</summary>
    public void CancelPendingFlush() => _pipe.Writer.CancelPendingFlush();

    private int BlockSize(int available) => available <= BlockPool.SmallestBlock || _pool.IsCrowded
        ? SmallestReceive
        : Math.Min(available, BlockPool.LargestBlock);
}
