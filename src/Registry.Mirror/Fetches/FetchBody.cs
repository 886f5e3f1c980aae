using Registry.Core.Oci;
using Registry.Mirror.Upstreams;

namespace Registry.Mirror.Fetches;

/// <summary>
/// Bytes of a blob as they arrive from the upstream, from beginning to end. A connection that breaks is continued at the byte that was reached, some times; one that no client waits for
/// is closed until one does.
/// </summary>
internal sealed class FetchBody : Stream
{
    // In a row without a byte: half a minute.
    private const int MaxFaults = 6;

    // Bytes of an upstream without ranges that are read again and dropped.
    private const int SkipSize = 64 * 1024;

    private const string EndedEarly = "the answer has ended too early";

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);

    private readonly IUpstream _upstream;
    private readonly string _repository;
    private readonly Digest _digest;
    private readonly FetchReaders _readers;
    private readonly TimeProvider _time;
    private UpstreamBlob? _blob;
    private long _position;
    private int _faults;

    public FetchBody(IUpstream upstream, string repository, Digest digest, UpstreamBlob blob, FetchReaders readers, TimeProvider time)
    {
        _upstream = upstream;
        _repository = repository;
        _digest = digest;
        _blob = blob;
        _readers = readers;
        _time = time;
        Size = blob.Length;
    }

    /// <summary>Size of the blob in bytes; null if the upstream has not said it.</summary>
    public long? Size { get; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="FetchException">The upstream does not send the rest.</exception>
    /// <exception cref="OperationCanceledException">No client has waited for it for minutes.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (Size != _position)
        {
            if (_readers.IsDeserted)
            {
                await CloseAsync();
                await _readers.WaitAsync(cancellationToken);
            }

            try
            {
                _blob ??= await ContinueAsync(cancellationToken);
                var wanted = Size is { } size ? buffer[..(int)Math.Min(buffer.Length, size - _position)] : buffer;
                var read = await _blob.Content.ReadAsync(wanted, cancellationToken);
                if (read == 0 && Size is null)
                {
                    return 0;
                }

                if (read == 0)
                {
                    throw new IOException(EndedEarly);
                }

                _position += read;
                _faults = 0;
                return read;
            }
            catch (IOException e)
            {
                await CloseAsync();
                if (++_faults > MaxFaults || Size is null)
                {
                    throw new FetchException($"{_upstream.Settings.Name} broke off {_digest} of {_repository} after {_position} bytes: {e.Message}");
                }

                await Task.Delay(FirstPause * (1 << (_faults - 1)), _time, cancellationToken);
            }
        }

        return 0;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await base.DisposeAsync();
    }

    private async Task<UpstreamBlob> ContinueAsync(CancellationToken cancellationToken)
    {
        var opened = await _upstream.OpenBlobAsync(_repository, _digest, _position, null, cancellationToken);
        if (!opened.TryGet(out var blob, out var fault))
        {
            throw fault.Kind == UpstreamFaultKind.Away ? new IOException(fault.ForClients) : new FetchException(fault.ForClients);
        }

        if (blob.Length != Size)
        {
            await blob.DisposeAsync();
            throw new FetchException($"{_upstream.Settings.Name} has changed the size of {_digest} of {_repository} from {Size} to {blob.Length} bytes");
        }

        try
        {
            var dropped = new byte[Math.Min(SkipSize, _position - blob.Offset)];
            for (var left = _position - blob.Offset; left > 0;)
            {
                var read = await blob.Content.ReadAsync(dropped.AsMemory(0, (int)Math.Min(dropped.Length, left)), cancellationToken);
                left -= read > 0 ? read : throw new IOException(EndedEarly);
            }

            return blob;
        }
        catch
        {
            await blob.DisposeAsync();
            throw;
        }
    }

    private async ValueTask CloseAsync()
    {
        if (_blob is { } blob)
        {
            _blob = null;
            await blob.DisposeAsync();
        }
    }
}
