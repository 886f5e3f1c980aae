using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Files;

namespace Registry.Storage.Files.Uploads;

/// <summary>
/// Stores uploads as files: the file holds the received bytes, and its length is the offset, so that a killed server loses nothing it has
/// acknowledged. The metadata has the session. The first byte creates the file.
/// </summary>
internal sealed partial class FileSystemUploadStore : IUploadStore
{
    private readonly DataPaths _paths;
    private readonly IUploadSessions _sessions;
    private readonly UploadFiles _files;
    private readonly RecurringFaults _faults;
    private readonly TimeProvider _time;
    private readonly ILogger<FileSystemUploadStore> _logger;
    private readonly IdleHashes _idleHashes = new();
    private readonly ConcurrentDictionary<Guid, UploadState> _uploads = new();
    private readonly UploadShares _shares;

    public FileSystemUploadStore(
        DataPaths paths,
        IUploadSessions sessions,
        UploadFiles files,
        int maxCount,
        RecurringFaults faults,
        TimeProvider time,
        ILogger<FileSystemUploadStore> logger)
    {
        _paths = paths;
        _sessions = sessions;
        _files = files;
        _faults = faults;
        _time = time;
        _logger = logger;
        _shares = new UploadShares(maxCount, time);
        Load();
    }

    public int Count => _shares.Count;

    public int CountOf(UploadHolder holder) => _shares.CountOf(holder);

    public bool IsShareUsed(ClientNetwork network) => _shares.IsUsedBy(network);

    public async Task<UploadSession?> TryCreateAsync(RepositoryName repository, UploadHolder holder, ClientNetwork network, DigestAlgorithm algorithm)
    {
        await _files.Admission.EnsureRoomAsync();
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

    public async ValueTask<IUpload> CreateUnnamedAsync(RepositoryName repository, DigestAlgorithm algorithm)
    {
        await _files.Admission.EnsureRoomAsync();
        var upload = Begin(new StoredUploadSession(Guid.NewGuid(), repository, null, algorithm), default, ClientNetwork.Unknown, 0);
        upload.TryTake();
        return new FileSystemUpload(upload, this, _paths, _files, _time, isLast: true);
    }

    public ValueTask<UploadSession?> FindAsync(Guid id) =>
        ValueTask.FromResult(_uploads.TryGetValue(id, out var upload) ? Describe(upload) : null);

    public ValueTask<IUpload?> TryAcquireAsync(Guid id)
    {
        if (!_uploads.TryGetValue(id, out var upload) || !upload.TryTake())
        {
            return ValueTask.FromResult<IUpload?>(null);
        }

        if (upload.IsOver)
        {
            upload.GiveBack(_time.GetTimestamp());
            return ValueTask.FromResult<IUpload?>(null);
        }

        return ValueTask.FromResult<IUpload?>(new FileSystemUpload(upload, this, _paths, _files, _time, isLast: false));
    }

    public Task ReleasedAsync(Guid id) => _uploads.TryGetValue(id, out var upload) ? upload.ReleasedAsync() : Task.CompletedTask;

    public TimeSpan? SilenceOf(Guid id) => _uploads.TryGetValue(id, out var upload) ? upload.Wait?.Silence : null;

    public bool TryTakeOver(Guid id, TimeSpan silence) => _uploads.TryGetValue(id, out var upload) && upload.Wait?.TryTakeOver(silence) == true;

    public IEnumerable<UploadSession> Enumerate() => _uploads.Values.Select(Describe);

    /// <summary>Removes the state of an upload whose file has become a blob.</summary>
    internal void Forget(UploadState upload)
    {
        upload.IsOver = true;
        if (_uploads.TryRemove(upload.Id, out _))
        {
            _shares.End(upload);
        }
    }

    /// <summary>Removes the state and the file of an upload.</summary>
    internal async Task AbortAsync(UploadState upload)
    {
        // The file first: on a full disk, removing the session needs the space that this frees.
        await BeginAgainAsync(upload);
        if (_uploads.ContainsKey(upload.Id))
        {
            await _sessions.RemoveAsync(upload.Id);
        }

        Forget(upload);
    }

    /// <summary>Discards the received bytes of an upload.</summary>
    internal async Task BeginAgainAsync(UploadState upload)
    {
        try
        {
            await _files.Threads.RunAsync(() => File.Delete(_paths.UploadData(upload.Id)));
        }
        catch (StorageException e)
        {
            if (_faults.IsNew($"Files of uploads that could not be removed, {StorageFault.CauseOf(e)?.Reason}"))
            {
                LogLeftBehind(upload.Id, e.Message);
            }
        }

        upload.Length = 0;
        upload.DropHash();
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
        new(session, holder, network, length, _time.GetTimestamp(), _idleHashes);

    private UploadSession Describe(UploadState upload) => new(
        upload.Id,
        upload.Session.Repository,
        upload.Session.Owner,
        upload.Session.Algorithm,
        upload.Mark ?? upload.Length,
        upload.IsTaken ? TimeSpan.Zero : _time.GetElapsedTime(upload.LastActivity));

    // Loads the uploads of a previous process. Their idle time starts again: a server that was down for a day must not discard uploads at start.
    private void Load()
    {
        foreach (var session in _sessions.Load())
        {
            var data = _paths.UploadData(session.Id);
            var kind = PlainFile.Find(data, _paths.Uploads, out var length);
            if (kind == EntryKind.Other)
            {
                File.Delete(data);
            }

            // The network of an anonymous caller is not stored.
            var upload = Begin(
                session, UploadHolder.Of(session.Owner, ClientNetwork.Unknown), ClientNetwork.Unknown, kind == EntryKind.File ? length : 0);
            _shares.Take(upload.Holder);
            _shares.Begin(upload);
            _uploads[session.Id] = upload;
        }

        // Includes links to folders, which are listed as folders.
        foreach (var file in Directory.EnumerateFileSystemEntries(_paths.Uploads)
            .Where(entry => PlainFile.Find(entry, _paths.Uploads) != EntryKind.Folder))
        {
            // Uploads without a session, and manifests that were being stored: no client got a success response for them.
            var name = Path.GetFileNameWithoutExtension(file);
            if (Guid.TryParseExact(name, "D", out var id) && !(_uploads.ContainsKey(id) && file == _paths.UploadData(id)))
            {
                File.Delete(file);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The file of the upload {Id} could not be removed: {Reason}. The next start removes it. Further files are counted once a minute")]
    private partial void LogLeftBehind(Guid id, string reason);

    [LoggerMessage(2, LogLevel.Information, "Upload {Id} to {Repository} of {Holder} had received no byte for a minute, and gave way to one of {Other}: too many uploads are in progress")]
    private partial void LogGaveWay(Guid id, string repository, UploadHolder holder, UploadHolder other);
}
