using Registry.Core.Fairness;
using Registry.Core.Uploads.Sessions;

namespace Registry.Core.Uploads.InProgress;

/// <summary>
/// Uploads in progress that have a session, and the request that uses each. <see cref="OwnUploads"/> are those of a process that has the storage for itself, all in
/// memory; <see cref="SharedUploads"/> are those of several processes, all in rows.
/// </summary>
internal interface IUploadsInProgress
{
    /// <summary>Number of uploads of this process: all, or those that its requests use.</summary>
    int Count { get; }

    /// <summary>Uploads that could not be released, which is tried again by acquiring and releasing them.</summary>
    IReadOnlyCollection<Guid> Unreleased { get; }

    /// <summary>Adds an upload whose session has been added.</summary>
    void Add(StoredUploadSession session);

    /// <summary>Finds an upload; null if there is none.</summary>
    ValueTask<UploadProgress?> FindAsync(Guid id);

    /// <summary>Lists the uploads that have been idle for at least a time; all for zero.</summary>
    ValueTask<IReadOnlyList<UploadProgress>> ListAsync(TimeSpan idle);

    /// <summary>Lists uploads in the order of their ids.</summary>
    /// <param name="after">Id after which the list begins; the empty one for the first.</param>
    /// <param name="limit">Largest number.</param>
    ValueTask<IReadOnlyList<UploadProgress>> ListAsync(Guid after, int limit);

    /// <summary>Finds the upload that gives way to a new one (<see cref="EmptyUploads.Find"/>); null if there is none.</summary>
    ValueTask<Guid?> FindEmptyAsync(UploadHolder holder, bool ofHolder, ClientNetwork? within);

    /// <summary>Acquires an upload for one request; null if there is none, another request uses it, or it has not been idle for the time.</summary>
    ValueTask<UploadState?> TryAcquireAsync(Guid id, TimeSpan idle);

    /// <summary>True while a request of this process uses an upload.</summary>
    bool IsInUse(Guid id);

    /// <summary>Wait of the request of this process that appends to an upload; null if none does.</summary>
    BodyWait? FindWait(Guid id);

    /// <summary>Waits until it is worth trying again to acquire an upload.</summary>
    Task ReleasedAsync(Guid id);

    /// <summary>Saves the position of an upload, whose bytes survive the end of the process. Nothing but its release follows.</summary>
    /// <returns>False if another process has taken the upload over.</returns>
    ValueTask<bool> SaveAsync(UploadState upload);

    /// <summary>Removes an upload that has ended, or that another process has taken over.</summary>
    void Forget(UploadState upload);

    /// <summary>Releases an upload for other requests.</summary>
    ValueTask ReleaseAsync(UploadState upload);
}
