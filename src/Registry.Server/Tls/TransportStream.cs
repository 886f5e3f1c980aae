using System.Buffers;
using System.IO.Pipelines;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;

namespace Registry.Server.Tls;

/// <summary>
/// Stream of TLS records between <see cref="System.Net.Security.SslStream"/> and a transport. Written records gather in the output of the transport,
/// and a flush sends them together. The transport stays open when the stream is disposed.
/// </summary>
internal sealed class TransportStream(IDuplexPipe transport) : Stream
{
    private readonly RecordLengths _lengths = new();
    private int _read;
    private long _buffered;

    /// <summary>Number of bytes of the last read and of those that wait behind it, up to 1 GiB.</summary>
    public int Available => (int)Math.Min(1 << 30, _read + _buffered);

    /// <summary>True when records have been written.</summary>
    public bool HasWritten { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Makes room for records in one block of memory, so that they leave with one system call.</summary>
    /// <param name="count">Number of bytes.</param>
    public void Reserve(int count) => transport.Output.GetMemory(count);

    /// <summary>Limits the length of further records to that of a version of TLS.</summary>
    public void LimitRecords(SslProtocols version) => _lengths.Limit(version);

    /// <summary>Ends the current read, or the next one.</summary>
    public void CancelRead() => transport.Input.CancelPendingRead();

    /// <summary>Reads bytes; none into empty memory, after waiting for some.</summary>
    /// <returns>The number of bytes; 0 also at the end of the input.</returns>
    /// <exception cref="OperationCanceledException">The read was cancelled.</exception>
    /// <exception cref="RecordOverflowException">The peer has begun a record that is too long.</exception>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        transport.Input.TryRead(out var result) ? new ValueTask<int>(Take(result, buffer)) : WaitAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Gathers bytes for the next flush.</summary>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Write(buffer.AsSpan(offset, count));
        return Task.CompletedTask;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        HasWritten = true;
        transport.Output.Write(buffer);
    }

    /// <summary>Sends the gathered bytes.</summary>
    /// <exception cref="ConnectionResetException">The connection is over.</exception>
    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        var flushed = await transport.Output.FlushAsync(cancellationToken);
        if (flushed.IsCompleted || flushed.IsCanceled)
        {
            throw new ConnectionResetException("The connection is over.");
        }
    }

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async ValueTask<int> WaitAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        Take(await transport.Input.ReadAsync(cancellationToken), buffer);

    private int Take(ReadResult result, Memory<byte> buffer)
    {
        var input = result.Buffer;
        if (result.IsCanceled)
        {
            transport.Input.AdvanceTo(input.Start);
            throw new OperationCanceledException("The connection ends.");
        }

        var taken = input.Slice(0, Math.Min(input.Length, buffer.Length));
        taken.CopyTo(buffer.Span);
        _lengths.Pass(buffer.Span[..(int)taken.Length]);
        (_read, _buffered) = ((int)taken.Length, input.Length - taken.Length);
        transport.Input.AdvanceTo(taken.End);
        return _read;
    }
}
