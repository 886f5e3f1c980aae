using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Oci;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads.Sessions;

namespace Registry.Core.Uploads;

/// <summary>
/// Uploads in progress. They survive a restart of the server: the metadata has their sessions, and the engine of the bytes has what was received.
/// </summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public sealed partial class UploadStore
{
    private readonly IUploadSessions _sessions;
    private readonly ILogger<UploadStore> _logger;
    private readonly IdleHashes _idleHashes = new();
    private readonly ConcurrentDictionary<Guid, UploadState> _uploads = new();
    private readonly UploadShares _shares;
    private readonly EmptyUploads _empty;

    /// <summary>Takes over the uploads of processes that have ended.</summary>
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
        _empty = new EmptyUploads(time);
        TakeOver();
    }

    /// <summary>Number of uploads in progress with a session.</summary>
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
        var session = new StoredUploadSession(Guid.NewGuid(), repository, owner, network, algorithm);
        while (await _sessions.AddAsync(session, _shares) is { } counts)
        {
            if (FindLesser(session, counts) is not { } lesser)
            {
                return Refuse(session, counts);
            }

            if (await TryReplaceAsync(lesser, session))
            {
                break;
            }
        }

        var upload = Open(session, 0);
        _empty.Add(upload);
        _uploads[session.Id] = upload;
        return Describe(upload);
    }

    /// <summary>Begins an upload that ends with its request: no other request can find it, and a restart removes it.</summary>
    public async ValueTask<Upload> CreateUnnamedAsync(RepositoryName repository, DigestAlgorithm algorithm)
    {
        await Bytes.EnsureRoomAsync();
        var upload = Open(new StoredUploadSession(Guid.NewGuid(), repository, null, ClientNetwork.Unknown, algorithm), 0);
        upload.TryTake();
        return new Upload(upload, this, isLast: true);
    }

    /// <summary>Finds an upload; null if there is none with this id.</summary>
    public ValueTask<UploadSession?> FindAsync(Guid id) =>
        ValueTask.FromResult(_uploads.TryGetValue(id, out var upload) ? Describe(upload) : null);

    /// <summary>
    /// Acquires an upload for one request; null if it does not exist or another request has it. Disposing the result releases it.
    /// </summary>
    public ValueTask<Upload?> TryAcquireAsync(Guid id)
    {
        if (!_uploads.TryGetValue(id, out var upload) || !upload.TryTake())
        {
            return ValueTask.FromResult<Upload?>(null);
        }

        if (upload.IsOver)
        {
            upload.GiveBack(Time.GetTimestamp());
            return ValueTask.FromResult<Upload?>(null);
        }

        return ValueTask.FromResult<Upload?>(new Upload(upload, this, isLast: false));
    }

    /// <summary>Waits until no request has the upload, which may be at once.</summary>
    public Task ReleasedAsync(Guid id) => _uploads.TryGetValue(id, out var upload) ? upload.ReleasedAsync() : Task.CompletedTask;

    /// <summary>Time since the last byte of the request that appends to an upload; null if no request waits for its client.</summary>
    public TimeSpan? SilenceOf(Guid id) => _uploads.TryGetValue(id, out var upload) ? upload.Wait?.Silence : null;

    /// <summary>
    /// Ends the request that appends to an upload, if it has waited for its client in silence for so long. Its append keeps the received bytes and
    /// throws <see cref="UploadTakenOverException"/>; then the upload is free.
    /// </summary>
    public bool TryTakeOver(Guid id, TimeSpan silence) => _uploads.TryGetValue(id, out var upload) && upload.Wait?.TryTakeOver(silence) == true;

    /// <summary>Lists all uploads in progress, in no particular order.</summary>
    public IEnumerable<UploadSession> Enumerate() => _uploads.Values.Select(Describe);

    /// <summary>Removes the state of an upload that has ended, or that another process has taken over.</summary>
    internal void Forget(UploadState upload)
    {
        upload.IsOver = true;
        _empty.Remove(upload);
        _uploads.TryRemove(upload.Id, out _);
    }

    /// <summary>Removes the session and the state of an upload whose bytes are discarded.</summary>
    internal async Task EndSessionAsync(UploadState upload)
    {
        if (HasSession(upload))
        {
            await _sessions.RemoveAsync(upload.Session.Lease);
        }

        Forget(upload);
    }

    /// <summary>True if an upload has a session, and has not ended.</summary>
    internal bool HasSession(UploadState upload) => _uploads.ContainsKey(upload.Id);

    /// <summary>Saves the position of an upload in the row of its session.</summary>
    /// <returns>False if another process has taken the session over.</returns>
    internal Task<bool> SaveAsync(UploadState upload) => _sessions.SaveAsync(upload.Session.Lease, upload.Length, hashState: null);

    /// <summary>Notes that a request releases an upload.</summary>
    internal void Release(UploadState upload)
    {
        if (upload.Length > 0)
        {
            _empty.Remove(upload);
        }

        upload.GiveBack(Time.GetTimestamp());
    }

    // Only what the caller has itself makes room in its share.
    private UploadState? FindLesser(StoredUploadSession session, UploadCounts counts) => _empty.Find(
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
    private async Task<bool> TryReplaceAsync(UploadState lesser, StoredUploadSession session)
    {
        await using var upload = await TryAcquireAsync(lesser.Id);
        if (upload is not { Length: 0 })
        {
            return false;
        }

        await Bytes.DiscardAsync(lesser.Id);
        var refused = await _sessions.AddAsync(session, _shares, lesser.Session.Lease);
        Forget(lesser);
        if (refused is not null)
        {
            // Another process holds the lesser one.
            return false;
        }

        LogGaveWay(lesser.Id, lesser.Session.Repository.Value, lesser.Holder, session.Holder);
        return true;
    }

    private UploadState Open(StoredUploadSession session, long length) => new(session, length, Time.GetTimestamp(), _idleHashes);

    private UploadSession Describe(UploadState upload) => new(
        upload.Id,
        upload.Session.Repository,
        upload.Session.Owner,
        upload.Session.Algorithm,
        upload.Mark ?? upload.Length,
        upload.IsTaken ? TimeSpan.Zero : Time.GetElapsedTime(upload.LastActivity));

    // Idle times start again: a server that was down for a day must not discard uploads at start.
    private void TakeOver()
    {
        var sessions = _sessions.TakeOver();
        var lengths = Bytes.Recover([.. sessions.Select(session => session.Id)]);
        var (shorter, lost) = (0, 0L);
        foreach (var session in sessions)
        {
            var upload = Open(session, lengths.GetValueOrDefault(session.Id));
            _uploads[session.Id] = upload;
            if (upload.Length == 0)
            {
                _empty.Add(upload);
            }

            if (upload.Length < session.Position)
            {
                shorter++;
                lost += session.Position - upload.Length;
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
