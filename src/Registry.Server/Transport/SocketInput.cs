using System.IO.Pipelines;
using System.Net.Sockets;

namespace Registry.Server.Transport;

/// <summary>
/// What a connection receives. A connection that waits holds no memory; one with much to read gets a block as large as what is there, so that a
/// layer comes in pieces of up to a MiB and a request in one of 4 KiB.
/// </summary>
internal sealed class SocketInput
{
    // What is left of a block is used up as long as a typical request fits in.
    private const int SmallestReceive = BlockPool.SmallestBlock / 2;

    // More than any request without a body.
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

    /// <summary>What was received.</summary>
    public PipeReader Reader => _pipe.Reader;

    /// <summary>Receives until the peer has sent everything, or the reader is complete.</summary>
    /// <returns>Whether the peer has said that nothing more comes.</returns>
    public async Task<bool> ReceiveAsync()
    {
        var writer = _pipe.Writer;
        var mayHaveMore = false;
        while (true)
        {
            // The system is asked how much there is only when it is much; a request of the usual size needs no question.
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

    /// <summary>Tells the reader that nothing more comes, and why.</summary>
    public void Complete(Exception? reason) => _pipe.Writer.Complete(reason);

    /// <summary>Lets a receive that waits for the reader go on.</summary>
    public void CancelPendingFlush() => _pipe.Writer.CancelPendingFlush();

    private int BlockSize(int available) => available <= BlockPool.SmallestBlock || _pool.IsCrowded
        ? SmallestReceive
        : Math.Min(available, BlockPool.LargestBlock);
}
