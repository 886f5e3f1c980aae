namespace Registry.Mirror.Upstreams.Requests;

/// <summary>Bytes of an answer as they arrive. One reader at a time.</summary>
/// <param name="content">The bytes.</param>
/// <param name="answer">The answer, which is disposed with this.</param>
/// <param name="host">The host, as the subject of sentences.</param>
/// <param name="silence">Longest time without a byte.</param>
/// <param name="counters">Counts the bytes.</param>
/// <param name="time">The clock.</param>
/// <param name="closed">Is called once when this is disposed; null for nothing.</param>
internal sealed class UpstreamBody(
    Stream content, HttpResponseMessage answer, string host, TimeSpan silence, UpstreamCounters counters, TimeProvider time, Action? closed) : Stream
{
    private readonly CancellationTokenSource _ends = new(Timeout.InfiniteTimeSpan, time);
    private int _isClosed;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The connection has broken, or nothing has arrived for the time limit.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _ends.CancelAfter(silence);
        await using var registration = cancellationToken.UnsafeRegister(static ends => ((CancellationTokenSource)ends!).Cancel(), _ends);
        try
        {
            var count = await content.ReadAsync(buffer, _ends.Token);
            counters.HasReceived(count);
            return count;
        }
        catch (OperationCanceledException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new IOException($"{host} has sent nothing for {silence.TotalSeconds} s", e);
        }
        catch (HttpRequestException e)
        {
            throw new IOException($"{host} broke the connection off", e);
        }
        finally
        {
            _ends.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Bytes of the network are waited for.");

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _isClosed, 1) == 0)
        {
            content.Dispose();
            answer.Dispose();
            _ends.Dispose();
            closed?.Invoke();
        }

        base.Dispose(disposing);
    }
}
