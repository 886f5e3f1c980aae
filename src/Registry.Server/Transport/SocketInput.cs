using System.IO.Pipelines;
using System.Net.Sockets;
using Registry.Server.Transport.Buffers;

namespace Registry.Server.Transport;

/// <summary>Input of a connection from its socket.</summary>
/// <param name="socket">The socket.</param>
/// <param name="pool">Memory of all connections.</param>
/// <param name="memory">Memory for Kestrel, which learns whether the connection receives much.</param>
/// <param name="options">Options of the pipe.</param>
/// <param name="maxAhead">Number of bytes that may be received ahead of the reader.</param>
/// <param name="time">The clock.</param>
internal sealed class SocketInput(Socket socket, BlockPool pool, ConnectionMemory memory, PipeOptions options, long maxAhead, TimeProvider time)
    : InputPipe(pool, options, maxAhead)
{
    // Larger than any request without a body.
    private const int StreamingThreshold = 32 * 1024;

    private long _receivedAt = time.GetTimestamp();

    /// <summary>Time of the last received bytes, discarded ones included, as a timestamp of the clock; at first, that of the connection.</summary>
    public long ReceivedAt => Volatile.Read(ref _receivedAt);

    /// <summary>Notes that bytes have arrived.</summary>
    public void Arrived() => Volatile.Write(ref _receivedAt, time.GetTimestamp());

    /// <summary>Receives until the peer closes its side, or the reader completes.</summary>
    /// <returns>True when the peer has closed its side.</returns>
    public async Task<bool> ReceiveAsync()
    {
        var mayHaveMore = false;
        while (true)
        {
            // Queries the amount of available input only after a large receive; a request of the usual size needs no extra system call.
            var available = mayHaveMore ? socket.Available : 0;
            if (available == 0)
            {
                await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
                available = memory.IsStreaming ? socket.Available : 0;
            }

            memory.IsStreaming = available > StreamingThreshold;
            var block = GetMemory(available);
            var count = await socket.ReceiveAsync(block, SocketFlags.None);
            if (count == 0)
            {
                return true;
            }

            Arrived();
            mayHaveMore = count == block.Length;
            if (!await PassAsync(count))
            {
                return false;
            }
        }
    }
}
