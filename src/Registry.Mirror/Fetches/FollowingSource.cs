using System.IO.Pipelines;
using Registry.Core.Blobs;
using Registry.Mirror.Upstreams;

namespace Registry.Mirror.Fetches;

/// <summary>Blob that is being fetched. Its bytes are copied as they arrive, from where the fetch writes them; a range far ahead comes from the upstream by itself.</summary>
/// <param name="fetch">The fetch.</param>
/// <param name="length">Size of the blob in bytes.</param>
/// <param name="openFar">Opens a range at the upstream, position and number of bytes; it is not stored. Null if the upstream does not give it.</param>
internal sealed class FollowingSource(BlobFetch fetch, long length, Func<long, long, CancellationToken, Task<UpstreamBlob?>> openFar) : BlobSource
{
    // zstd:chunked and eStargz read the end first, of layers of gigabytes.
    private const long Far = 64 * 1024 * 1024;

    // Who makes this is a reader already, so the fetch does not end.
    private readonly IDisposable _reader = fetch.TryEnter()!;
    private BlobSource? _received;

    public override long Length => length;

    public override bool IsVerified => fetch.IsVerified;

    public override bool IsArriving(long offset) => !IsFar(offset);

    /// <inheritdoc/>
    /// <exception cref="FetchException">The upstream does not send the rest, or has sent other bytes.</exception>
    public override async ValueTask<(BlobSource Source, long Available)> WaitAsync(long offset, CancellationToken cancellationToken)
    {
        var available = await fetch.WaitAsync(offset, cancellationToken);
        return (_received ??= await fetch.OpenReceivedAsync(cancellationToken), available);
    }

    /// <inheritdoc/>
    /// <exception cref="FetchException">The upstream does not send the rest, or has sent other bytes.</exception>
    public override async Task CopyToAsync(PipeWriter destination, long offset, long count, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (IsFar(offset) && await openFar(offset, count, cancellationToken) is { } far)
        {
            await using (far)
            {
                await CopyFarAsync(far, destination, count, cancellationToken);
            }

            return;
        }

        for (var end = offset + count; offset < end;)
        {
            var (received, available) = await WaitAsync(offset, cancellationToken);
            available = Math.Min(available, end);
            await received.CopyToAsync(destination, offset, available - offset, cancellationToken);
            offset = available;
            if (offset < end && (await destination.FlushAsync(cancellationToken)).IsCompleted)
            {
                return;
            }
        }
    }

    /// <summary>Waits until the blob is stored.</summary>
    /// <returns>Null, or the fault that has ended the fetch.</returns>
    public async Task<UpstreamFault?> StoredAsync(CancellationToken cancellationToken)
    {
        await fetch.Ended.WaitAsync(cancellationToken);
        return fetch.Fault;
    }

    public override async ValueTask DisposeAsync()
    {
        _reader.Dispose();
        if (_received is { } received)
        {
            await received.DisposeAsync();
        }
    }

    private bool IsFar(long offset) => offset > fetch.Available + Far && !fetch.IsVerified;

    private static async Task CopyFarAsync(UpstreamBlob far, PipeWriter destination, long count, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            var memory = destination.GetMemory();
            int read;
            try
            {
                read = await far.Content.ReadAsync(memory[..(int)Math.Min(memory.Length, count)], cancellationToken);
            }
            catch (IOException e)
            {
                throw new FetchException(e.Message);
            }

            destination.Advance(read > 0 ? read : throw new FetchException("the answer of the upstream has ended too early"));
            count -= read;
            if (count > 0 && (await destination.FlushAsync(cancellationToken)).IsCompleted)
            {
                return;
            }
        }
    }
}
