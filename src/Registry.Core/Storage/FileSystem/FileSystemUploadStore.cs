using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// Stores uploads as files: the file holds the received bytes, and its length is the offset, so that a killed server loses nothing it has
/// acknowledged. The metadata has the session. The first byte creates the file.
/// </summary>
internal sealed partial class FileSystemUploadStore : IUploadStore
{
    private readonly FileSystemLayout _layout;
    private readonly IUploadSessions _sessions;
    private readonly UploadFiles _files;
    private readonly TimeProvider _time;
    private readonly ILogger<FileSystemUploadStore> _logger;
    private readonly IdleHashes _idleHashes = new();
    private readonly ConcurrentDictionary<Guid, UploadState> _uploads = new();
    private int _count;

    public FileSystemUploadStore(
        FileSystemLayout layout, IUploadSessions sessions, UploadFiles files, TimeProvider time, ILogger<FileSystemUploadStore> logger)
    {
        _layout = layout;
        _sessions = sessions;
        _files = files;
        _time = time;
        _logger = logger;
        Load();
    }

    public int Count => Volatile.Read(ref _count);

    public async Task<UploadSession> CreateAsync(RepositoryName repository, string? owner, DigestAlgorithm algorithm)
    {
        await _files.Admission.EnsureRoomAsync();
        var session = new StoredUploadSession(Guid.NewGuid(), repository, owner, algorithm);
        await _sessions.AddAsync(session);
        var upload = Begin(session, 0);
        _uploads[session.Id] = upload;
        Interlocked.Increment(ref _count);
        return Describe(upload);
    }

    public async ValueTask<IUpload> CreateUnnamedAsync(RepositoryName repository, DigestAlgorithm algorithm)
    {
        await _files.Admission.EnsureRoomAsync();
        var upload = Begin(new StoredUploadSession(Guid.NewGuid(), repository, null, algorithm), 0);
        upload.TryTake();
        return new FileSystemUpload(upload, this, _layout, _files, _time);
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

        return ValueTask.FromResult<IUpload?>(new FileSystemUpload(upload, this, _layout, _files, _time));
    }

    public Task ReleasedAsync(Guid id) => _uploads.TryGetValue(id, out var upload) ? upload.ReleasedAsync() : Task.CompletedTask;

    public IEnumerable<UploadSession> Enumerate() => _uploads.Values.Select(Describe);

    /// <summary>Removes the state of an upload whose file has become a blob.</summary>
    internal void Forget(UploadState upload)
    {
        upload.IsOver = true;
        if (_uploads.TryRemove(upload.Id, out _))
        {
            Interlocked.Decrement(ref _count);
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
            await _files.Threads.RunAsync(() => File.Delete(_layout.UploadData(upload.Id)));
        }
        catch (StorageException e)
        {
            LogLeftBehind(upload.Id, e.Message);
        }

        upload.Length = 0;
        upload.DropHash();
    }

    private UploadState Begin(StoredUploadSession session, long length) =>
        new(session, length, _time.GetTimestamp(), _idleHashes);

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
            var data = _layout.UploadData(session.Id);
            var kind = PlainFile.Find(data, _layout.Uploads, out var length);
            if (kind == EntryKind.Other)
            {
                File.Delete(data);
            }

            _uploads[session.Id] = Begin(session, kind == EntryKind.File ? length : 0);
            _count++;
        }

        // Includes links to folders, which are listed as folders.
        foreach (var file in Directory.EnumerateFileSystemEntries(_layout.Uploads)
            .Where(entry => PlainFile.Find(entry, _layout.Uploads) != EntryKind.Folder))
        {
            // Uploads without a session, and manifests that were being stored: no client got a success response for them.
            var name = Path.GetFileNameWithoutExtension(file);
            if (Guid.TryParseExact(name, "D", out var id) && !(_uploads.ContainsKey(id) && file == _layout.UploadData(id)))
            {
                File.Delete(file);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The file of the upload {Id} could not be removed: {Reason}")]
    private partial void LogLeftBehind(Guid id, string reason);
}
