using System.IO.Pipelines;
using System.Net.Security;
using Registry.Server.Transport.Buffers;

namespace Registry.Server.Tls;

/// <summary>Input of a connection that decrypts: as many records as have arrived, into one block of memory.</summary>
/// <param name="ssl">Decrypts.</param>
/// <param name="transport">The records.</param>
/// <param name="pool">Memory of all connections.</param>
/// <param name="options">Options of the pipe.</param>
/// <param name="maxAhead">Number of bytes that may be decrypted ahead of the reader.</param>
internal sealed class TlsInput(SslStream ssl, TransportStream transport, BlockPool pool, PipeOptions options, long maxAhead)
    : InputPipe(pool, options, maxAhead)
{
    /// <summary>Decrypts until the peer closes its side, or the reader completes.</summary>
    /// <returns>True when the peer has closed its side.</returns>
    /// <exception cref="IOException">The connection is broken, or a record is.</exception>
    public async Task<bool> DecryptAsync()
    {
        // An empty read waits for a record, without memory for it, and decrypts it. The next read takes the bytes without waiting. So bytes that
        // have been decrypted never wait for others.
        var record = ssl.ReadAsync(Memory<byte>.Empty).AsTask();
        while (true)
        {
            await record;
            var block = GetMemory(transport.Available);
            var filled = 0;
            do
            {
                var count = await ssl.ReadAsync(block[filled..]);
                if (count == 0)
                {
                    _ = filled > 0 && await PassAsync(filled);
                    return true;
                }

                filled += count;
                record = ssl.ReadAsync(Memory<byte>.Empty).AsTask();
            }
            while (record.IsCompletedSuccessfully && filled < block.Length);

            if (!await PassAsync(filled))
            {
                // The read that waits is cancelled when the connection ends.
                await record;
                return false;
            }
        }
    }
}
