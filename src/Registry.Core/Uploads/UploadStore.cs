using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Registry.Core.Fairness;
using Registry.Core.Oci;
using Registry.Core.SmallContent;
using Registry.Core.Storage;

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

    /// <summary>Loads the uploads of a previous process.</summary>
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
        _shares = new UploadShares(limits.MaxUploads, time);
        Load();
    }

    /// <summary>Number of uploads in progress with a session.</summary>
    public int Count => _shares.Count;

    internal IUploadBytes Bytes { get; }

    internal Staging Staging { get; }

    internal TimeProvider Time { get; }

    /// <summary>Size of the largest blob, in bytes.</summary>
    internal long MaxLength { get; }

    /// <summary>Number of uploads in progress of a holder.</summary>
    public int CountOf(UploadHolder holder) => _shares.CountOf(holder);

    /// <summary>True if the holders of a network together have its share of the uploads in progress.</summary>
    public bool IsShareUsed(ClientNetwork network) => _shares.IsUsedBy(network);

    /// <summary>
    /// Begins an upload with a session, which later requests continue. When the holder or its network has its share of the sessions, or none is left, an
    /// upload that has received no byte for a minute ends instead.
    /// </summary>
    /// <returns>Null if no upload can end for it.</returns>
    public async Task<UploadSession?> TryCreateAsync(RepositoryName repository, UploadHolder holder, ClientNetwork network, DigestAlgorithm algorithm)
    {
        await Bytes.EnsureRoomAsync();
        while (!_shares.TryTake(holder, network, out var lesser))
        {
            if (lesser is null)
            {
                return null;
            }

            if (await TryGiveWayAsync(lesser, holder) && _shares.TryReplace(holder, network))
            {
                break;
            }
        }

        var session = new StoredUploadSession(Guid.NewGuid(), repository, holder.User, algorithm);
        try
        {
            await _sessions.AddAsync(session);
        }
        catch
        {
            _shares.GiveBack(holder, network);
            throw;
        }

        var upload = Begin(session, holder, network, 0);
        _shares.Begin(upload);
        _uploads[session.Id] = upload;
        return Describe(upload);
    }

    /// <summary>Begins an upload that ends with its request: no other request can find it, and a restart removes it.</summary>
    public async ValueTask<Upload> CreateUnnamedAsync(RepositoryName repository, DigestAlgorithm algorithm)
    {
        await Bytes.EnsureRoomAsync();
        var upload = Begin(new StoredUploadSession(Guid.NewGuid(), repository, null, algorithm), default, ClientNetwork.Unknown, 0);
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

    /// <summary>Removes the state of an upload that has ended.</summary>
    internal void Forget(UploadState upload)
    {
        upload.IsOver = true;
        if (_uploads.TryRemove(upload.Id, out _))
        {
            _shares.End(upload);
        }
    }

    /// <summary>Removes a session.</summary>
    internal Task RemoveSessionAsync(Guid id) => _sessions.RemoveAsync(id);

    /// <summary>Removes the session and the state of an upload whose bytes are discarded.</summary>
    internal async Task EndSessionAsync(UploadState upload)
    {
        if (_uploads.ContainsKey(upload.Id))
        {
            await _sessions.RemoveAsync(upload.Id);
        }

        Forget(upload);
    }

    // Ends an upload without a byte, unless a request has just begun to use it.
    private async Task<bool> TryGiveWayAsync(UploadState lesser, UploadHolder holder)
    {
        await using var upload = await TryAcquireAsync(lesser.Id);
        if (upload is not { Length: 0 })
        {
            return false;
        }

        await upload.AbortAsync();
        LogGaveWay(lesser.Id, lesser.Session.Repository.Value, lesser.Holder, holder);
        return true;
    }

    private UploadState Begin(StoredUploadSession session, UploadHolder holder, ClientNetwork network, long length) =>
        new(session, holder, network, length, Time.GetTimestamp(), _idleHashes);

    private UploadSession Describe(UploadState upload) => new(
        upload.Id,
        upload.Session.Repository,
        upload.Session.Owner,
        upload.Session.Algorithm,
        upload.Mark ?? upload.Length,
        upload.IsTaken ? TimeSpan.Zero : Time.GetElapsedTime(upload.LastActivity));

    // Idle times start again: a server that was down for a day must not discard uploads at start.
    private void Load()
    {
        var sessions = _sessions.Load();
        var lengths = Bytes.Recover([.. sessions.Select(session => session.Id)]);
        foreach (var session in sessions)
        {
            // The network of an anonymous caller is not stored.
            var upload = Begin(
                session, UploadHolder.Of(session.Owner, ClientNetwork.Unknown), ClientNetwork.Unknown, lengths.GetValueOrDefault(session.Id));
            _shares.Take(upload.Holder);
            _shares.Begin(upload);
            _uploads[session.Id] = upload;
        }
    }

    [LoggerMessage(2, LogLevel.Information, "Upload {Id} to {Repository} of {Holder} had received no byte for a minute, and gave way to one of {Other}: too many uploads are in progress")]
    private partial void LogGaveWay(Guid id, string repository, UploadHolder holder, UploadHolder other);
}
