using System.Buffers;
using System.Security.Cryptography;
using Registry.Core.Objects;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Storage.S3.Blobs;

namespace Registry.Storage.S3.Uploads;

/// <summary>
/// Received bytes of an upload, which one request has opened: those that the store has, and the end in memory, which leaves it when the request ends.
/// </summary>
internal sealed class S3UploadContent : IUploadContent, IBlockHolder
{
    private readonly UploadSite _site;
    private readonly Guid _id;
    private readonly UploadTail _tail;

    // Another upload may have the bytes put away while this request waits for its client.
    private readonly SemaphoreSlim _turn = new(1);
    private StoredUpload? _stored;
    private UploadObjects? _opened;

    // Number of bytes that the store has while there is no row at hand.
    private long _lengthInStore;

    public S3UploadContent(UploadSite site, Guid id, long length)
    {
        (_site, _id, Length, _lengthInStore) = (site, id, length, length);
        _tail = new UploadTail(site, this, TakeAsync);
    }

    public long Length { get; private set; }

    public async Task AppendAsync(ReadOnlySequence<byte> data, IncrementalHash? hash)
    {
        using var turn = await TakeTurnAsync();
        try
        {
            await OpenToReadAsync();
            if (_stored?.State.IsJoining is true)
            {
                await BeginAgainAsync();
                throw new StorageException("S3: the upload was interrupted when it became a blob, and begins again");
            }

            await LoadRestAsync();
            foreach (var segment in data)
            {
                await _tail.AppendAsync(segment, hash);
                Length += segment.Length;
            }
        }
        catch
        {
            // What the store has is what is kept.
            Forget();
            throw;
        }
    }

    public async Task FlushAsync()
    {
        using var turn = await TakeTurnAsync();
        try
        {
            if (_tail.IsChanged)
            {
                var stored = await TakeAsync();
                var before = stored.State.Rest;
                await _tail.SendAsync(mayBePart: false);
                _opened = stored.State;
                if (before is not null)
                {
                    await stored.DropAsync(before.Key);
                }
            }
        }
        finally
        {
            Forget();
        }
    }

    public async Task TruncateAsync(long length)
    {
        using var turn = await TakeTurnAsync();
        var begin = Length - _tail.Length;
        if (length >= begin && _stored?.State.IsJoining is not true)
        {
            _tail.Truncate((int)(length - begin), _tail.HasRest ? _stored!.State.Rest!.Length : 0);
            Length = length;
            return;
        }

        Forget();
        var stored = await TakeAsync();
        if (stored.State.IsJoining || length != (_opened?.Length ?? 0))
        {
            // Bytes in the store cannot be cut.
            await BeginAgainAsync();
            return;
        }

        await stored.RestoreAsync(_opened!);
        Length = length;
    }

    public async Task<byte[]> ReadAsync()
    {
        using var turn = await TakeTurnAsync();
        await OpenToReadAsync();
        if (_stored is not { State.Parts.Count: > 0 })
        {
            await LoadRestAsync();
            return _tail.Bytes.ToArray();
        }

        await using var joined = await OpenJoinedAsync();
        return (await joined.ReadAsync()).ToArray();
    }

    public async Task HashAsync(IncrementalHash hash)
    {
        using var turn = await TakeTurnAsync();
        await OpenToReadAsync();
        if (_stored is not { State.Parts.Count: > 0 })
        {
            await LoadRestAsync();
            foreach (var piece in _tail.Bytes.Pieces)
            {
                hash.AppendData(piece.Span);
            }

            return;
        }

        // Parts cannot be read before they are joined. The blob is not visible before it is linked.
        await using var joined = await OpenJoinedAsync();
        var block = ArrayPool<byte>.Shared.Rent(UploadMemory.BlockSize);
        for (var offset = 0L; offset < joined.Length;)
        {
            var count = await joined.ReadAsync(block, offset, joined.Length, CancellationToken.None);
            hash.AppendData(block, 0, count);
            offset += count;
        }

        ArrayPool<byte>.Shared.Return(block);
    }

    public async Task<BlobPlace> CommitAsync(Digest digest)
    {
        using var turn = await TakeTurnAsync();
        await OpenToReadAsync();
        var key = await CommitAsync();
        _tail.Drop();
        Length = 0;
        return new BlobPlace(digest, key);
    }

    public async Task<bool> TryGiveWayAsync()
    {
        if (!await _turn.WaitAsync(TimeSpan.Zero))
        {
            return false;
        }

        using var turn = new Turn(_turn);
        if (_tail.Length == 0)
        {
            return false;
        }

        try
        {
            await _tail.SendAsync(mayBePart: true);
            return true;
        }
        catch (StorageException)
        {
            // The bytes are still here.
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var turn = await TakeTurnAsync();
        _tail.Dispose();
    }

    private async Task<string> CommitAsync()
    {
        // An upload of one request that fits into memory has no row, only a key.
        if (_stored is null)
        {
            var whole = _site.NewKey();
            await _site.Ledger.AddAsync(whole);
            await StoredUpload.SendWholeAsync(_site, whole, _tail.Bytes);
            return whole;
        }

        string key;
        if (_stored.State.Parts.Count > 0)
        {
            await JoinAsync();
            key = _stored.State.Key!;
        }
        else if (_stored.State.Rest is { } rest && !_tail.IsChanged)
        {
            key = rest.Key;
        }
        else
        {
            await LoadRestAsync();
            key = await _stored.SendBlobAsync(_tail.Bytes);
        }

        await _stored.EndAsync(key);
        return key;
    }

    private async Task<S3Source> OpenJoinedAsync()
    {
        await JoinAsync();
        return await S3Source.OpenAsync(_site.Client, _stored!.State.Key!, CancellationToken.None)
            ?? throw new StorageException($"S3: an upload is no longer in {_site.Client.Address}");
    }

    private async Task JoinAsync()
    {
        if (!_stored!.State.IsJoining)
        {
            await LoadRestAsync();
            if (_tail.Length > 0)
            {
                await _stored.SendPartAsync(_tail.Bytes);
                _tail.Drop();
            }
        }

        await _stored.JoinAsync();
    }

    private async Task<StoredUpload> TakeAsync()
    {
        if (_stored is null)
        {
            _stored = await StoredUpload.TakeAsync(_site, _id);
            if (_lengthInStore == 0 && (_stored.State.Length > 0 || _stored.State.Multipart is not null))
            {
                // Bytes that could not be discarded.
                await _stored.EndAsync(null);
                _stored = await StoredUpload.TakeAsync(_site, _id);
            }

            _opened = _stored.State;
        }

        return _stored;
    }

    // An upload of which nothing is stored needs no row before its bytes leave memory.
    private async Task OpenToReadAsync()
    {
        if (_stored is null && _lengthInStore > 0)
        {
            var stored = await TakeAsync();
            if (stored.State.Length != _lengthInStore)
            {
                await BeginAgainAsync();
                throw new StorageException($"S3: the store has {stored.State.Length} bytes of an upload, not those that were received; it begins again");
            }
        }
    }

    private async Task LoadRestAsync()
    {
        if (_stored is { } stored && !await _tail.TryLoadRestAsync(stored))
        {
            await BeginAgainAsync();
            throw new StorageException($"S3: bytes of an upload are no longer in {_site.Client.Address}; it begins again");
        }
    }

    private async Task BeginAgainAsync()
    {
        _tail.Drop();
        (Length, _lengthInStore) = (0, 0);
        await _stored!.EndAsync(null);
        (_stored, _opened) = (null, null);
    }

    // Drops the bytes in memory.
    private void Forget()
    {
        _tail.Drop();
        Length = _stored?.State.Length ?? _lengthInStore;
    }

    private async Task<Turn> TakeTurnAsync()
    {
        await _turn.WaitAsync();
        return new Turn(_turn);
    }

    private readonly struct Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
