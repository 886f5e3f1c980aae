using System.Net.Security;
using Registry.Server.Transport.Buffers;
using Registry.Server.Transport.Output;

namespace Registry.Server.Tls;

/// <summary>
/// Output of a connection that encrypts. Records gather in large blocks of the transport, up to 240 KiB for a system call, and files are read into
/// the memory that is encrypted.
/// </summary>
internal sealed class TlsOutput(TlsConnection connection, SslStream ssl, TransportStream transport, BlockPool pool, Func<Action, Task> runBlocking)
    : OutputQueue(pool, runBlocking)
{
    // Payload of a record (RFC 8446, section 5.1).
    private const int Record = 16 * 1024;

    // Bound of what encryption adds to a record: header, content type and tag, and with TLS 1.2 a nonce, or padding and a MAC.
    private const int Overhead = 96;

    // Number of records that fit into a block of 256 KiB.
    private const int MostRecords = 15;

    private int _gathered;

    // About half a millisecond. Other requests wait for a turn of each of hundreds of downloads that begin at once and fill the buffers of their sockets.
    protected override int MaxTurn => 2 * MostRecords * Record;

    protected override async ValueTask SendAsync(List<OutputPiece> batch, bool more)
    {
        foreach (var piece in batch)
        {
            if (piece.File is { } file)
            {
                await SendFileAsync(file);
            }
            else
            {
                await EncryptAsync(piece.Memory);
            }
        }

        // The head of a response waits for the first bytes of its file.
        if (!more)
        {
            await PassAsync();
        }
    }

    protected override void OnFailed(Exception error) => connection.OnSendFailed(error);

    private async ValueTask SendFileAsync(FileRange file)
    {
        while (file.Remaining > 0)
        {
            await TakeTurnAsync();
            await EncryptAsync(file);
            if (file.Remaining > 0)
            {
                await PassAsync();
            }
        }
    }

    // Encrypts the next part of a file. Its memory is free again while the part waits for the peer.
    private async ValueTask EncryptAsync(FileRange file)
    {
        var wanted = Math.Min(file.Remaining, Pool.IsCrowded ? Record : MostRecords * Record);
        using var block = Pool.Rent(wanted);
        var memory = block.Memory[..wanted];
        var count = RandomAccess.Read(file.File, memory.Span, file.Offset);
        if (count == 0)
        {
            throw new IOException("the file is shorter than it was");
        }

        await EncryptAsync(memory[..count]);
        file.Advance(count);
    }

    private async ValueTask EncryptAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_gathered >= MostRecords * Record)
        {
            await PassAsync();
        }

        // While memory is short, records are cut into small blocks: what waits for a slow peer takes no more than its length.
        if (!Pool.IsCrowded)
        {
            transport.Reserve(bytes.Length + (((bytes.Length / Record) + 1) * Overhead));
        }

        await ssl.WriteAsync(bytes);
        _gathered += bytes.Length;
    }

    private async ValueTask PassAsync()
    {
        await transport.FlushAsync(CancellationToken.None);
        Count(_gathered);
        _gathered = 0;
    }
}
