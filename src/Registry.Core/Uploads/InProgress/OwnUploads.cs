using System.Collections.Concurrent;
using Registry.Core.Fairness;
using Registry.Core.Storage;
using Registry.Core.Uploads.Sessions;

namespace Registry.Core.Uploads.InProgress;

/// <summary>Uploads of a process that has the storage for itself. It holds all sessions from its start on, and answers from memory.</summary>
/// <param name="sessions">The rows of the sessions.</param>
/// <param name="positionLag">Number of bytes by which a row may be behind; see <see cref="IUploadBytes.PositionLag"/>.</param>
/// <param name="idleHashes">Limits the number of kept hashes.</param>
/// <param name="time">The clock.</param>
internal sealed class OwnUploads(IUploadSessions sessions, long positionLag, IdleHashes idleHashes, TimeProvider time) : IUploadsInProgress
{
    private readonly ConcurrentDictionary<Guid, UploadState> _uploads = new();
    private readonly EmptyUploads _empty = new(time);

    public int Count => _uploads.Count;

    public IReadOnlyCollection<Guid> Unreleased => [];

    public void Add(StoredUploadSession session) => Add(session, 0);

    /// <summary>Adds an upload with its bytes.</summary>
    public void Add(StoredUploadSession session, long length)
    {
        var upload = new UploadState(session, length, time.GetTimestamp(), idleHashes) { IsNamed = true };
        if (length == 0)
        {
            _empty.Add(upload);
        }

        _uploads[session.Id] = upload;
    }

    public ValueTask<UploadProgress?> FindAsync(Guid id) =>
        ValueTask.FromResult(_uploads.TryGetValue(id, out var upload) ? Describe(upload) : (UploadProgress?)null);

    public ValueTask<IReadOnlyList<UploadProgress>> ListAsync(TimeSpan idle) =>
        ValueTask.FromResult<IReadOnlyList<UploadProgress>>([.. _uploads.Values.Select(Describe).Where(upload => upload.IdleFor >= idle)]);

    public ValueTask<IReadOnlyList<UploadProgress>> ListAsync(Guid after, int limit) => ValueTask.FromResult<IReadOnlyList<UploadProgress>>(
        [.. _uploads.Values.Where(upload => upload.Id > after).OrderBy(upload => upload.Id).Take(limit).Select(Describe)]);

    public ValueTask<Guid?> FindEmptyAsync(UploadHolder holder, bool ofHolder, ClientNetwork? within) =>
        ValueTask.FromResult(_empty.Find(holder, ofHolder, within)?.Id);

    public ValueTask<UploadState?> TryAcquireAsync(Guid id, TimeSpan idle)
    {
        if (!_uploads.TryGetValue(id, out var upload) || !upload.TryTake())
        {
            return ValueTask.FromResult<UploadState?>(null);
        }

        if (upload.IsOver || (idle > TimeSpan.Zero && time.GetElapsedTime(upload.LastActivity) < idle))
        {
            upload.GiveBack(upload.LastActivity);
            return ValueTask.FromResult<UploadState?>(null);
        }

        return ValueTask.FromResult<UploadState?>(upload);
    }

    public bool IsInUse(Guid id) => _uploads.TryGetValue(id, out var upload) && upload.IsTaken;

    public BodyWait? FindWait(Guid id) => _uploads.TryGetValue(id, out var upload) ? upload.Wait : null;

    public Task ReleasedAsync(Guid id) => _uploads.TryGetValue(id, out var upload) ? upload.ReleasedAsync() : Task.CompletedTask;

    public async ValueTask<bool> SaveAsync(UploadState upload)
    {
        var ahead = upload.Length - upload.SavedPosition;
        if (ahead == 0 || (ahead > 0 && ahead < positionLag))
        {
            return true;
        }

        try
        {
            if (!await sessions.SaveAsync(upload.Session.Lease, upload.Length, hashState: null))
            {
                return false;
            }

            upload.SavedPosition = upload.Length;
        }
        catch (Exception e) when (positionLag > 0 && e is (StorageException or InsufficientMemoryException))
        {
            // The bytes are there, and tell their number.
        }

        return true;
    }

    public void Forget(UploadState upload)
    {
        upload.IsOver = true;
        _empty.Remove(upload);
        _uploads.TryRemove(upload.Id, out _);
    }

    public ValueTask ReleaseAsync(UploadState upload)
    {
        if (upload.Length > 0)
        {
            _empty.Remove(upload);
        }

        upload.GiveBack(time.GetTimestamp());
        return ValueTask.CompletedTask;
    }

    // Where the row is the truth, what a request has received beyond it may still be lost.
    private UploadProgress Describe(UploadState upload) => upload.IsTaken
        ? new(upload.Session, positionLag == 0 ? upload.SavedPosition : upload.Mark ?? upload.Length, TimeSpan.Zero)
        : new(upload.Session, upload.Length, time.GetElapsedTime(upload.LastActivity));
}
