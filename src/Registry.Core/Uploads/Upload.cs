using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Registry.Core.Blobs;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads.InProgress;
using Registry.Core.Uploads.Sessions;

namespace Registry.Core.Uploads;

/// <summary>An upload that one request has acquired exclusively. Bytes are hashed while they are written.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public sealed class Upload : IAsyncDisposable
{
    // Smallest amount that is worth a switch to another thread. The receive buffer of the server (1 MiB) keeps filling meanwhile.
    private const int PieceSize = 256 * 1024;

    // A switch takes all bytes that have arrived, up to this amount, so that the threads do not lose time to each other on small amounts.
    private const int TurnSize = 4 * PieceSize;

    private readonly UploadState _state;
    private readonly UploadStore _store;
    private readonly BodyWait _wait;
    private readonly IFollowedContent? _followed;
    private IUploadContent _content;

    // Whole content of a small upload. It is held when the engine has no bytes of it: the upload ends with this request.
    private byte[]? _small;
    private bool _isHeld;
    private IDisposable? _place;
    private bool _isLast;

    internal Upload(UploadState state, UploadStore store, bool isLast, bool isFollowed = false)
    {
        _state = state;
        _store = store;
        _wait = new BodyWait(store.Time);
        _followed = isFollowed ? store.Bytes.OpenFollowed(state.Id) : null;
        _content = _followed ?? store.Bytes.Open(state.Id, state.Length);
        _isLast = isLast;
    }

    /// <summary>Number of received bytes.</summary>
    public long Length => _state.Length;

    /// <summary>Right of this process to change the session.</summary>
    public UploadLease Lease => _state.Session.Lease;

    /// <summary>The session.</summary>
    internal StoredUploadSession Session => _state.Session;

    /// <summary>Opens what was received, if the upload is followed (<see cref="IUploadFollower"/>); null if it is not, and as for <see cref="IFollowedContent.OpenReceivedAsync"/>.</summary>
    public Task<BlobSource?> OpenReceivedAsync() => _followed?.OpenReceivedAsync() ?? Task.FromResult<BlobSource?>(null);

    /// <summary>
    /// Appends a body. If the body breaks off, the received bytes are kept and the reader's exception is passed on. A read that is cancelled
    /// (<see cref="PipeReader.CancelPendingRead"/>) ends the wait for a larger piece: what has arrived is written.
    /// </summary>
    /// <param name="body">The body, as it arrives.</param>
    /// <param name="algorithm">Expected algorithm of the digest.</param>
    /// <param name="cancellationToken">Stops reading; the received bytes are kept.</param>
    /// <exception cref="UploadTakenOverException">Another request has taken over, since the body had stopped.</exception>
    /// <returns>False if the upload would exceed the size limit of a blob. It can never be completed then.</returns>
    public async Task<bool> AppendAsync(PipeReader body, DigestAlgorithm algorithm, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(body);
        await _store.Bytes.EnsureOpenAsync();
        _state.Wait = _wait;
        while (true)
        {
            var received = await ReceivedBody.WaitAsync(body, _wait, PieceSize, cancellationToken);
            var turn = received.Buffer.Length > TurnSize ? received.Buffer.Slice(0, TurnSize) : received.Buffer;
            try
            {
                if (turn.Length > _store.MaxLength - _state.Length)
                {
                    return false;
                }

                if (received is { IsCompleted: true, BrokenOff: null } && await TryHoldAsync(turn))
                {
                    return true;
                }

                if (!turn.IsEmpty)
                {
                    await _store.Bytes.EnsureRoomAsync();
                    await KeepAsync(turn, algorithm);
                    _state.LastActivity = _store.Time.GetTimestamp();
                }
            }
            finally
            {
                // After a failed read there is nothing to advance from; after a failed write the server drains the rest.
                if (received.BrokenOff is null)
                {
                    body.AdvanceTo(turn.End);
                }
            }

            received.BrokenOff?.Throw();
            if (received.IsTakenOver && !received.IsCompleted)
            {
                throw new UploadTakenOverException();
            }

            if (received.IsCompleted && turn.Length == received.Buffer.Length)
            {
                return true;
            }
        }
    }

    /// <summary>
    /// Marks the current length, which <see cref="RewindAsync"/> restores. Until then, other requests see the upload at this length
    /// (<see cref="UploadStore.FindAsync"/>).
    /// </summary>
    /// <param name="isLast">
    /// True if the upload ends with the next body, or is rewound: a small body that is there as a whole then stays in memory. An upload without a
    /// session always ends so.
    /// </param>
    public void Mark(bool isLast = false)
    {
        _isLast |= isLast;
        _state.SetMark();
    }

    /// <summary>Drops the bytes after the mark. Does nothing without a mark, or when the upload has ended.</summary>
    public async Task RewindAsync()
    {
        if (_state.IsOver || _state.Mark is not { } mark || mark >= _state.Length)
        {
            return;
        }

        if (_isHeld)
        {
            Release();
        }
        else
        {
            await _content.TruncateAsync(mark);
            if (_content.Length != mark)
            {
                // The engine could drop only all of them.
                _state.DropHash();
                _state.Length = _content.Length;
                return;
            }
        }

        _state.Rewind(mark);
    }

    /// <summary>True if the received bytes have this digest. Hashes them again if the hash state is not in memory.</summary>
    public async Task<bool> MatchesAsync(Digest digest)
    {
        if (_state.Length <= Staging.MaxSize)
        {
            // Exactly these bytes are stored, if they are staged.
            _small ??= await ReadSmallAsync();
            return digest.Algorithm.Compute(_small) == digest;
        }

        if (_state.Hash(digest.Algorithm) is { } kept)
        {
            return Current(kept) == digest;
        }

        using var again = digest.Algorithm.CreateHash();
        await _content.HashAsync(again);
        return Current(again) == digest;

        Digest Current(IncrementalHash hash)
        {
            Span<byte> value = stackalloc byte[digest.Algorithm.HexLength / 2];
            hash.GetCurrentHash(value);
            return Digest.FromHash(digest.Algorithm, value);
        }
    }

    /// <summary>
    /// Bytes of a small upload, for <see cref="IMetadataStore.LinkBlobAsync"/> to make them durable; <see cref="EndAsync"/> follows. Null if the upload
    /// is large, or too much content is staged; then <see cref="CommitAsync"/> follows.
    /// </summary>
    public async Task<byte[]?> TryStageAsync()
    {
        _place ??= await _store.Staging.TryTakeAsync(_state.Length);
        return _place is null ? null : _small ??= await ReadSmallAsync();
    }

    /// <summary>Ends the upload, whose blob is linked: the same transaction has removed its session.</summary>
    public async Task EndAsync()
    {
        if (!_isHeld && _state.Length > 0)
        {
            await _store.Bytes.DiscardAsync(_state.Id);
        }

        _store.Forget(_state);
    }

    /// <summary>
    /// Makes the bytes, which match the digest, a blob. Durable when the task ends. <see cref="EndAsync"/> follows when the blob is linked
    /// (<see cref="IMetadataStore.LinkBlobAsync"/>); otherwise the upload begins again without a byte.
    /// </summary>
    /// <returns>Place of the blob.</returns>
    public async Task<BlobPlace> CommitAsync(Digest digest)
    {
        await _store.Bytes.EnsureOpenAsync();
        BlobPlace place;
        using var activity = StorageMetrics.Activities.StartActivity("blob placement");
        try
        {
            place = await _content.CommitAsync(digest);
        }
        catch
        {
            // After a failed sync, the kernel may have dropped what it could not write, even if the file reads well; after the rename there is no
            // file. A retry must not commit what is left.
            await BeginAgainAsync();
            throw;
        }

        await ReopenAsync();
        return place;
    }

    /// <summary>
    /// Makes the received bytes survive the end of the process, and saves the position in the session, if that is further behind than the engine of the bytes
    /// allows. The upload is not used any more, only disposed: where processes share the sessions, this releases it. An upload without a session needs neither.
    /// </summary>
    /// <returns>False if another process has taken the session over. The upload is no longer here.</returns>
    public async Task<bool> SaveAsync()
    {
        if (!_state.HasSession)
        {
            return true;
        }

        await FlushAsync();
        if (await _store.SaveAsync(_state))
        {
            return true;
        }

        Leave();
        return false;
    }

    /// <summary>Forgets the upload, which another process has taken over, with its bytes.</summary>
    public void Leave() => _store.Forget(_state);

    /// <summary>Discards the bytes and ends the upload.</summary>
    public async Task AbortAsync()
    {
        // The bytes first: on a full disk, removing the session needs the space that this frees.
        await BeginAgainAsync();
        await _store.EndSessionAsync(_state);
    }

    /// <summary>Releases the upload for other requests.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            // Also after a body that broke off, or a commit that failed: other requests learn the length now.
            await SaveAsync();
        }
        finally
        {
            await _content.DisposeAsync();
            Release();
            await _store.ReleaseAsync(_state);
        }
    }

    private async Task FlushAsync()
    {
        if (_isHeld)
        {
            return;
        }

        try
        {
            await _content.FlushAsync();
        }
        catch
        {
            // The hash is ahead of the bytes.
            _state.DropHash();
            throw;
        }
        finally
        {
            _state.Length = _content.Length;
        }
    }

    private async Task BeginAgainAsync()
    {
        await _content.DisposeAsync();
        Release();
        await _store.Bytes.DiscardAsync(_state.Id);
        await ReopenAsync();
    }

    private async Task ReopenAsync()
    {
        await _content.DisposeAsync();
        _state.Length = 0;
        _state.DropHash();
        _content = _store.Bytes.Open(_state.Id, 0);
    }

    // A small body that is there as a whole needs no file: it is durable with the commit that follows, or is not kept.
    private async ValueTask<bool> TryHoldAsync(ReadOnlySequence<byte> body)
    {
        if (!_isLast || _state.Length > 0 || body.IsEmpty || body.Length > Staging.MaxSize || (_place ??= await _store.Staging.TryTakeAsync(body.Length)) is null)
        {
            return false;
        }

        _small = body.ToArray();
        _isHeld = true;
        _state.Length = _small.Length;
        _state.LastActivity = _store.Time.GetTimestamp();
        return true;
    }

    private void Release()
    {
        _place?.Dispose();
        _place = null;
        _small = null;
        _isHeld = false;
    }

    private Task<byte[]> ReadSmallAsync() =>
        _state.Length == 0 ? Task.FromResult<byte[]>([]) : _content.ReadAsync();

    private async Task KeepAsync(ReadOnlySequence<byte> data, DigestAlgorithm algorithm)
    {
        _small = null;
        try
        {
            await _content.AppendAsync(data, _state.HashOrBegin(algorithm));
        }
        catch
        {
            // The hash is ahead of the bytes.
            _state.DropHash();
            throw;
        }
        finally
        {
            _state.Length = _content.Length;
        }
    }
}
