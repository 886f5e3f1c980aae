using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// Uploads as folders: <c>session</c> says whose upload it is, <c>data</c> is what has arrived, and its length is the offset. So a killed
/// server forgets nothing it has acknowledged. A session is not synced when it begins: a power cut that takes it has cost no data, and
/// clients start over.
/// </summary>
internal sealed partial class FileSystemUploadStore : IUploadStore
{
    private readonly FileSystemLayout _layout;
    private readonly TimeProvider _time;
    private readonly ILogger<FileSystemUploadStore> _logger;
    private readonly UploadFiles _files;
    private readonly IdleHashes _idleHashes = new();
    private readonly ConcurrentDictionary<Guid, UploadState> _uploads = new();

    public FileSystemUploadStore(
        FileSystemLayout layout, UploadFiles files, TimeProvider time, ILogger<FileSystemUploadStore> logger)
    {
        _layout = layout;
        _files = files;
        _time = time;
        _logger = logger;
        Load();
    }

    public async Task<UploadSession> CreateAsync(RepositoryName repository, string? owner, DigestAlgorithm algorithm)
    {
        _files.Health.ThrowIfFailed();
        var upload = new UploadState(Guid.NewGuid(), repository, owner, algorithm, 0, _time.GetTimestamp(), _idleHashes);
        await _files.Threads.RunAsync(() =>
        {
            try
            {
                Directory.CreateDirectory(_layout.UploadDirectory(upload.Id));
                File.WriteAllBytes(_layout.UploadSession(upload.Id), UploadSessionFile.Write(upload));
                File.OpenHandle(_layout.UploadData(upload.Id), FileMode.CreateNew, FileAccess.Write).Dispose();
            }
            catch (IOException)
            {
                RemoveFolder(upload.Id);
                throw;
            }
        });
        _uploads[upload.Id] = upload;
        return Describe(upload);
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

    public IEnumerable<UploadSession> Enumerate() => _uploads.Values.Select(Describe);

    /// <summary>Forgets an upload that was committed or aborted, and removes its folder.</summary>
    internal async Task RemoveAsync(UploadState upload)
    {
        upload.IsOver = true;
        _uploads.TryRemove(upload.Id, out _);
        try
        {
            await _files.Threads.RunAsync(() => RemoveFolder(upload.Id));
        }
        catch (StorageException e)
        {
            // The next start finds it, and then it expires.
            LogLeftBehind(upload.Id, e.Message);
        }
    }

    private UploadSession Describe(UploadState upload) => new(
        upload.Id,
        upload.Repository,
        upload.Owner,
        upload.Algorithm,
        upload.Length,
        upload.IsTaken ? TimeSpan.Zero : _time.GetElapsedTime(upload.LastActivity));

    // What a previous process left. Idle time starts again: a server that was down for a day must not throw uploads away at start.
    private void Load()
    {
        foreach (var temporary in Directory.EnumerateFiles(_layout.Uploads, "*.tmp"))
        {
            File.Delete(temporary);
        }

        foreach (var directory in Directory.EnumerateDirectories(_layout.Uploads))
        {
            if (!Guid.TryParseExact(Path.GetFileName(directory), "D", out var id))
            {
                continue;
            }

            var data = new FileInfo(_layout.UploadData(id));
            if (data.Exists && UploadSessionFile.Read(_layout.UploadSession(id)) is { } session)
            {
                _uploads[id] = new UploadState(id, session.Repository, session.Owner, session.Algorithm, data.Length, _time.GetTimestamp(), _idleHashes);
            }
            else
            {
                // Its creation or its removal was cut short; nobody was told of it, or nobody needs it.
                RemoveFolder(id);
            }
        }
    }

    private void RemoveFolder(Guid id)
    {
        var directory = _layout.UploadDirectory(id);
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The folder of the finished upload {Id} could not be removed: {Reason}")]
    private partial void LogLeftBehind(Guid id, string reason);
}
