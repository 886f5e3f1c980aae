using System.IO.Pipelines;
using Registry.Core.Blobs;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Mirror.Configuration;
using Registry.Mirror.Upstreams;

namespace Registry.Mirror.Fetches;

/// <summary>
/// One fetch of a blob from its upstream, as a push into the repository of the client that has asked first. Any number of readers follow it, each at its own speed. It goes on when they
/// leave, for a while.
/// </summary>
/// <param name="upstream">The upstream.</param>
/// <param name="name">The repository.</param>
/// <param name="digest">The blob.</param>
/// <param name="uploads">Stores the blob.</param>
/// <param name="openStored">Opens the blob when it is stored, for this repository or another one of the upstream.</param>
/// <param name="time">The clock.</param>
internal sealed class BlobFetch(
    IUpstream upstream, MirroredName name, Digest digest, UploadOperations uploads, Func<ValueTask<BlobSource?>> openStored, TimeProvider time) : IUploadFollower
{
    // Of a read from the upstream, and of a write.
    private const int PieceSize = 256 * 1024;

    // Of a slow upstream, what arrives in such a time is passed on, though it is less than a piece. Each time wakes all readers.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(10);

    private readonly TaskCompletionSource<UpstreamResult<long>> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FetchReaders _readers = new(time);
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _received;
    private long _receivedAt;
    private int _waiting;
    private long _length;
    private Upload? _upload;
    private volatile bool _isVerified;
    private volatile UpstreamFault? _fault;

    /// <summary>Repository that gets the blob.</summary>
    public MirroredName Name => name;

    /// <summary>Size of the blob in bytes, as soon as the upstream has answered; or its fault.</summary>
    public Task<UpstreamResult<long>> Opened => _opened.Task;

    /// <summary>Ends when the blob is stored, or the fetch has failed (<see cref="Fault"/>).</summary>
    public Task Ended => _ended.Task;

    /// <summary>Fault that has ended the fetch; null while there is none.</summary>
    public UpstreamFault? Fault => _fault;

    /// <summary>True if all bytes have the digest.</summary>
    public bool IsVerified => _isVerified;

    /// <summary>Number of bytes that readers may get: all but the last one until they are verified, so that a wrong blob never ends in good order.</summary>
    public long Available => _isVerified ? _length : Math.Min(Interlocked.Read(ref _received), Math.Max(0, _length - 1));

    /// <summary>Readers at the moment.</summary>
    public int Readers => _readers.Count;

    /// <summary>Notes a reader, until the result is disposed: without one, the fetch pauses after a while, and then ends. Null if it ends for that reason.</summary>
    public IDisposable? TryEnter() => _readers.TryEnter();

    /// <summary>Waits until a byte is available.</summary>
    /// <param name="position">Position of the byte.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Number of available bytes.</returns>
    /// <exception cref="FetchException">The byte will not come.</exception>
    public async ValueTask<long> WaitAsync(long position, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Before the number is read, so that no growth is missed.
            var grown = Volatile.Read(ref _grown).Task;
            if (Available is var available && available > position)
            {
                return available;
            }

            if (_fault is { } fault)
            {
                throw new FetchException(fault.ForClients);
            }

            Interlocked.Increment(ref _waiting);
            try
            {
                await grown.WaitAsync(cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
            }
        }
    }

    /// <summary>Opens what has arrived, or the stored blob.</summary>
    /// <exception cref="FetchException">The fetch has failed.</exception>
    public async ValueTask<BlobSource> OpenReceivedAsync(CancellationToken cancellationToken)
    {
        if (_upload is { } upload && await upload.OpenReceivedAsync() is { } received)
        {
            return received;
        }

        // It is becoming a blob, or it is small and was never in a file.
        await Ended.WaitAsync(cancellationToken);
        return _fault is { } fault ? throw new FetchException(fault.ForClients)
            : await openStored() ?? throw new FetchException($"{digest} was removed while it was sent");
    }

    /// <summary>Fetches the blob. The task never fails.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Another fetch may have ended since the client found nothing.
            if (await openStored() is { } stored)
            {
                await using (stored)
                {
                    Verify(stored.Length);
                }

                return;
            }

            var opened = await upstream.OpenBlobAsync(name.Name.Value, digest, 0, null, cancellationToken);
            if (!opened.TryGet(out var blob, out var refused))
            {
                Fail(refused);
                return;
            }

            await using var body = new FetchBody(upstream, name.Name.Value, digest, blob, _readers, time);
            await StoreAsync(body, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Fail(new UpstreamFault(UpstreamFaultKind.Away, $"the fetch of {digest} from {upstream.Settings.Name} has ended, since no client waited for it, or the registry stops"));
        }
        catch (FetchException e)
        {
            Fail(new UpstreamFault(UpstreamFaultKind.Away, e.Message));
        }
        catch (StorageException e)
        {
            Fail(new UpstreamFault(UpstreamFaultKind.Away, $"the storage refuses {digest}: {e.Message}"));
        }
        finally
        {
            if (!_isVerified && _fault is null)
            {
                // A fault of this registry passes on. Those who follow must not wait for ever.
                Fail(new UpstreamFault(UpstreamFaultKind.Away, $"the fetch of {digest} from {upstream.Settings.Name} has failed"));
            }

            Grow();
            _ended.TrySetResult();
        }
    }

    void IUploadFollower.Begin(Upload upload) => _upload = upload;

    void IUploadFollower.Verified() => Verify(_upload!.Length);

    private void Verify(long length)
    {
        _length = length;
        _isVerified = true;
        _opened.TrySetResult(length);
        Grow();
    }

    private async Task StoreAsync(FetchBody body, CancellationToken cancellationToken)
    {
        // Without a length, clients wait for the end. So they do for an empty blob, which has no last byte that could be held back.
        if (body.Size is { } size and > 0)
        {
            _length = size;
            _opened.TrySetResult(size);
        }

        // A pipe of its own: a read of the upstream that is cancelled would break the connection.
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 2 * PieceSize, resumeWriterThreshold: PieceSize, minimumSegmentSize: PieceSize, useSynchronizationContext: false));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var filling = FillAsync(pipe.Writer, body, ending.Token);
        var reader = new ConsumedReader(pipe.Reader, () => IsAwaited, NoteReceived, Patience, time);
        try
        {
            var stored = await uploads.PushAsync(
                name.Local, digest, body.Size, reader, ChangeOrigin.Mirror(upstream.Settings.Name), cancellationToken, follower: this);
            if (stored.Error is { } error)
            {
                Fail(error.Code == RegistryErrorCode.DigestMismatch
                    ? new UpstreamFault(UpstreamFaultKind.Wrong, $"{upstream.Settings.Name} sent other bytes for {digest} of {name.Name}: {error}")
                    : new UpstreamFault(UpstreamFaultKind.Away, $"{digest} of {upstream.Settings.Name} cannot be stored: {error}"));
            }
        }
        finally
        {
            await reader.CompleteAsync();
            await ending.CancelAsync();
            await filling;
        }
    }

    // Passes a fault on to the reader.
    private static async Task FillAsync(PipeWriter writer, FetchBody body, CancellationToken cancellationToken)
    {
        Exception? fault = null;
        try
        {
            await body.CopyToAsync(writer, cancellationToken);
        }
#pragma warning disable CA1031 // The reader throws it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            fault = e;
        }

        await writer.CompleteAsync(fault);
    }

    // Small content stays in memory until all of it is there.
    private bool IsAwaited => _length > Staging.MaxSize && Volatile.Read(ref _waiting) > 0 && (Interlocked.Read(ref _received) == 0 || time.GetElapsedTime(_receivedAt) >= Patience);

    private void NoteReceived()
    {
        // The upload also asks for more without having written anything.
        var received = _upload?.Length ?? 0;
        if (received == Interlocked.Read(ref _received))
        {
            return;
        }

        _receivedAt = time.GetTimestamp();
        Interlocked.Exchange(ref _received, received);
        Grow();
    }

    private void Fail(UpstreamFault fault)
    {
        _fault = fault;
        _opened.TrySetResult(fault);
    }

    private void Grow() => Interlocked.Exchange(ref _grown, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
}
