using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Oci;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads.InProgress;
using Registry.Core.Uploads.Sessions;

namespace Registry.Core.Uploads;

/// <summary>
/// Uploads in progress. They survive a restart of the server: the metadata has their sessions, and the engine of the bytes has what was received. Where several
/// processes share both, each request of an upload may reach another one.
/// </summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public sealed partial class UploadStore
{
    private readonly IUploadSessions _sessions;
    private readonly ILogger<UploadStore> _logger;
    private readonly IdleHashes _idleHashes = new();
    private readonly IUploadsInProgress _uploads;
    private readonly UploadShares _shares;

    /// <summary>Takes over the uploads of processes that have ended, unless processes share them (<see cref="ISharedUploadSessions"/>).</summary>
    /// <param name="bytes">Received bytes.</param>
    /// <param name="sessions">Sessions across restarts.</param>
    /// <param name="staging">Admits small blobs into the metadata.</param>
    /// <param name="limits">Limits for clients.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public UploadStore(
        IUploadBytes bytes, IUploadSessions sessions, Staging staging, StorageLimits limits, TimeProvider time, ILogger<UploadStore> logger)
    {
        ArgumentNullException.ThrowIfNull(limits);
        Bytes = bytes;
        Staging = staging;
        Time = time;
        MaxLength = limits.BlobMaxSize;
        _sessions = sessions;
        _logger = logger;
        _shares = new UploadShares(limits.MaxUploads);
        if (sessions is ISharedUploadSessions shared)
        {
            _uploads = new SharedUploads(shared, _idleHashes, time);
            bytes.Recover([]);
        }
        else
        {
            var own = new OwnUploads(sessions, bytes.PositionLag, _idleHashes, time);
            _uploads = own;
            TakeOver(own);
        }
    }

    /// <summary>Number of uploads in progress with a session; where processes share them, of those that requests of this one use.</summary>
    public int Count => _uploads.Count;

    internal IUploadBytes Bytes { get; }

    internal Staging Staging { get; }

    internal TimeProvider Time { get; }

    /// <summary>Size of the largest blob, in bytes.</summary>
    internal long MaxLength { get; }

    /// <summary>
    /// Begins an upload with a session, which later requests continue. When the holder or its network has its share of the sessions, or none is left, an
    /// upload that has received no byte for a minute ends instead.
    /// </summary>
    /// <param name="repository">Repository of the blob.</param>
    /// <param name="owner">User of the session; null for an anonymous caller.</param>
    /// <param name="network">Network of the caller; an unknown one has no share.</param>
    /// <param name="algorithm">Expected algorithm of the digest.</param>
    /// <returns>The session; or TOOMANYREQUESTS if no upload can end for it.</returns>
    public async Task<Result<UploadSession>> BeginAsync(RepositoryName repository, string? owner, ClientNetwork network, DigestAlgorithm algorithm)
    {
        await Bytes.EnsureRoomAsync();
        var session = new StoredUploadSession(Guid.CreateVersion7(Time.GetUtcNow()), repository, owner, network, algorithm);
        while (await _sessions.AddAsync(session, _shares) is { } counts)
        {
            if (await FindLesserAsync(session, counts) is not { } lesser)
            {
                return Refuse(session, counts);
            }

            if (await TryReplaceAsync(lesser, session))
            {
                break;
            }
        }

        _uploads.Add(session);
        return Describe(new UploadProgress(session, 0, TimeSpan.Zero));
    }

    /// <summary>Begins an upload that ends with its request: no other request can find it, and a restart removes it.</summary>
    /// <param name="repository">Repository of the blob.</param>
    /// <param name="algorithm">Algorithm of the digest.</param>
    /// <param name="isFollowed">True if others read its bytes while they arrive.</param>
    public async ValueTask<Upload> CreateUnnamedAsync(RepositoryName repository, DigestAlgorithm algorithm, bool isFollowed = false)
    {
        await Bytes.EnsureRoomAsync();
        var session = new StoredUploadSession(Guid.NewGuid(), repository, null, ClientNetwork.Unknown, algorithm);
        var upload = new UploadState(session, 0, Time.GetTimestamp(), _idleHashes);
        upload.TryTake();
        return new Upload(upload, this, isLast: true, isFollowed);
    }

    /// <summary>Finds an upload; null if there is none with this id.</summary>
    public async ValueTask<UploadSession?> FindAsync(Guid id) => await _uploads.FindAsync(id) is { } found ? Describe(found) : null;

    /// <summary>
    /// Acquires an upload for one request; null if it does not exist or another request has it. Disposing the result releases it.
    /// </summary>
    /// <param name="id">The upload.</param>
    /// <param name="idle">Only if no byte has arrived, and no request has had it, for so long; zero for any.</param>
    public async ValueTask<Upload?> TryAcquireAsync(Guid id, TimeSpan idle = default)
    {
        if (await _uploads.TryAcquireAsync(id, idle) is not { } upload)
        {
            return null;
        }

        if (upload.MustTakeOver)
        {
            await TakeOverAsync(upload);
        }

        return new Upload(upload, this, isLast: false);
    }

    /// <summary>Waits until no request has the upload, which may be at once; at most a moment if another process has it.</summary>
    public Task ReleasedAsync(Guid id) => _uploads.ReleasedAsync(id);

    /// <summary>True while a request of this process uses an upload.</summary>
    public bool IsInUse(Guid id) => _uploads.IsInUse(id);

    /// <summary>Time since the last byte of the request of this process that appends to an upload; null if no request waits for its client.</summary>
    public TimeSpan? SilenceOf(Guid id) => _uploads.FindWait(id)?.Silence;

    /// <summary>
    /// Ends the request of this process that appends to an upload, if it has waited for its client in silence for so long. Its append keeps the received bytes and
    /// throws <see cref="UploadTakenOverException"/>; then the upload is free.
    /// </summary>
    public bool TryTakeOver(Guid id, TimeSpan silence) => _uploads.FindWait(id)?.TryTakeOver(silence) == true;

    /// <summary>Lists uploads in progress, in no particular order.</summary>
    /// <param name="idle">Only those that have been idle for so long; all for zero.</param>
    public async ValueTask<IReadOnlyList<UploadSession>> ListAsync(TimeSpan idle = default) => [.. (await _uploads.ListAsync(idle)).Select(Describe)];

    /// <summary>Lists uploads in progress in the order of their ids: those of this version by their begin.</summary>
    /// <param name="after">Id after which the list begins; the empty one for the first.</param>
    /// <param name="limit">Largest number.</param>
    public async ValueTask<IReadOnlyList<UploadSession>> ListAsync(Guid after, int limit) => [.. (await _uploads.ListAsync(after, limit)).Select(Describe)];

    /// <summary>Releases uploads whose requests have ended without it, since the storage failed.</summary>
    internal async Task SettleAsync()
    {
        foreach (var id in _uploads.Unreleased)
        {
            try
            {
                await using var upload = await TryAcquireAsync(id);
            }
            catch (StorageException)
            {
                // It still fails. The next cycle tries again.
            }
        }
    }

    /// <summary>Removes the state of an upload that has ended, or that another process has taken over.</summary>
    internal void Forget(UploadState upload) => _uploads.Forget(upload);

    /// <summary>Removes the session and the state of an upload whose bytes are discarded.</summary>
    internal async Task EndSessionAsync(UploadState upload)
    {
        if (upload.HasSession)
        {
            await _sessions.RemoveAsync(upload.Session.Lease);
        }

        Forget(upload);
    }

    /// <summary>Saves the position of an upload in the row of its session.</summary>
    /// <returns>False if another process has taken the session over.</returns>
    internal ValueTask<bool> SaveAsync(UploadState upload) => _uploads.SaveAsync(upload);

    /// <summary>Notes that a request releases an upload.</summary>
    internal ValueTask ReleaseAsync(UploadState upload) => _uploads.ReleaseAsync(upload);

    // Only what the caller has itself makes room in its share.
    private ValueTask<Guid?> FindLesserAsync(StoredUploadSession session, UploadCounts counts) => _uploads.FindEmptyAsync(
        session.Holder, _shares.IsUsedByHolder(counts), _shares.IsUsedByNetwork(counts) ? session.Network : null);

    private RegistryError Refuse(StoredUploadSession session, UploadCounts counts)
    {
        if (_shares.IsFull(counts))
        {
            return RegistryErrorCode.TooManyUploads;
        }

        return new RegistryError(
            RegistryErrorCode.UploadShareUsed,
            _shares.IsUsedByNetwork(counts)
                ? $"the network {session.Network} has its share of the uploads in progress that the registry allows"
                : $"{session.Holder} has {counts.OfHolder} uploads in progress, which is its share of those that the registry allows");
    }

    // Ends an upload without a byte for a new one, unless a request has just begun to use it.
    private async Task<bool> TryReplaceAsync(Guid lesser, StoredUploadSession session)
    {
        await using var upload = await TryAcquireAsync(lesser, EmptyUploads.Claim);
        if (upload is not { Length: 0 })
        {
            return false;
        }

        await Bytes.DiscardAsync(lesser);
        var refused = await _sessions.AddAsync(session, _shares, upload.Lease);
        upload.Leave();
        if (refused is not null)
        {
            // Another process holds the lesser one.
            return false;
        }

        LogGaveWay(lesser, upload.Session.Repository.Value, upload.Session.Holder, session.Holder);
        return true;
    }

    // The process that had the upload may still run, and can change its bytes no more. They may be ahead of the row, if it ended before it released the upload.
    private async Task TakeOverAsync(UploadState upload)
    {
        try
        {
            upload.Length = await Bytes.TakeOverAsync(upload.Id);
            upload.MustTakeOver = false;
        }
        catch
        {
            await _uploads.ReleaseAsync(upload);
            throw;
        }

        if (upload.Length < upload.Session.Position)
        {
            LogLost(1, upload.Session.Position - upload.Length);
        }
    }

    private static UploadSession Describe(UploadProgress upload) =>
        new(upload.Session.Id, upload.Session.Repository, upload.Session.Owner, upload.Session.Algorithm, upload.Length, upload.IdleFor);

    // Idle times start again: a server that was down for a day must not discard uploads at start.
    private void TakeOver(OwnUploads own)
    {
        var sessions = _sessions.TakeOver();
        var lengths = Bytes.Recover([.. sessions.Select(session => session.Id)]);
        var (shorter, lost) = (0, 0L);
        foreach (var session in sessions)
        {
            var length = lengths.GetValueOrDefault(session.Id);
            own.Add(session, length);
            if (length < session.Position)
            {
                shorter++;
                lost += session.Position - length;
            }
        }

        if (shorter > 0)
        {
            LogLost(shorter, lost);
        }
    }

    [LoggerMessage(2, LogLevel.Information, "Upload {Id} to {Repository} of {Holder} had received no byte for a minute, and gave way to one of {Other}: too many uploads are in progress")]
    private partial void LogGaveWay(Guid id, string repository, UploadHolder holder, UploadHolder other);

    [LoggerMessage(3, LogLevel.Warning, "Uploads in progress that have fewer bytes than before, as after a power cut, or a kill while one became a blob: {Count}, with at least {Bytes} B less. Their clients continue at the position that the registry reports")]
    private partial void LogLost(int count, long bytes);
}
