using Registry.Core.Storage;

namespace Registry.Core.Objects;

/// <summary>
/// Keys of a store that chooses them, such as S3, as rows in the engine of the metadata. Every key is a row before its first byte is sent, and until its object is
/// gone, so nothing in the store is unknown, whenever a process ends.
/// </summary>
/// <remarks>
/// Changes survive the end of the process, but perhaps not a power cut: what the ledger has forgotten then is found by its age in the store.
/// Every member throws <see cref="StorageException"/> when the storage fails.
/// </remarks>
public interface IObjectLedger
{
    /// <summary>Adds a key, whose object is about to be sent as a whole.</summary>
    Task AddAsync(string key);

    /// <summary>Adds a key for an upload.</summary>
    /// <param name="lease">The upload.</param>
    /// <param name="key">The key.</param>
    /// <param name="multipart">Id of the multipart upload that becomes the object; null for an object that is sent as a whole.</param>
    /// <returns>False, without a change, if another process has taken the upload over, or it has ended.</returns>
    Task<bool> AddAsync(ObjectLease lease, string key, string? multipart);

    /// <summary>
    /// Takes an upload for a process, and begins it if there is none: if another process has it, it gets a new generation, and the other one can change nothing
    /// any more.
    /// </summary>
    /// <param name="upload">The upload.</param>
    /// <param name="holder">The process.</param>
    /// <returns>What the store has of the upload.</returns>
    /// <exception cref="StorageException">
    /// Another process holds the session of the upload, so this one has lost it. Only an engine that several processes share finds that out.
    /// </exception>
    Task<UploadObjects> TakeAsync(Guid upload, Guid holder);

    /// <summary>Saves what the store has of an upload.</summary>
    /// <param name="objects">The new state.</param>
    /// <param name="known">Number of parts, from the first on, that have not changed since they were saved.</param>
    /// <returns>False, without a change, if another process has taken the upload over, or it has ended.</returns>
    Task<bool> SaveAsync(UploadObjects objects, int known);

    /// <summary>Ends an upload. All of its keys but one are due at once.</summary>
    /// <param name="lease">The upload.</param>
    /// <param name="blob">Key that has become a blob; null for none.</param>
    /// <returns>The objects that are due; null, without a change, if another process has taken the upload over, or it has ended.</returns>
    Task<IReadOnlyList<CondemnedObject>?> EndAsync(ObjectLease lease, string? blob);

    /// <summary>Ends an upload that a process has. All of its keys are due at once.</summary>
    /// <returns>The objects that are due; null, without a change, if another process has taken the upload over, or it has ended.</returns>
    Task<IReadOnlyList<CondemnedObject>?> EndAsync(Guid upload, Guid holder);

    /// <summary>
    /// Takes uploads, whose sessions a process holds, for that process, and ends those without a session that are left of processes that have ended. All of their
    /// keys are due at once. Blocks. In the engine of SQLite, those are all others, since one process at a time has the database. An engine that several
    /// processes share leaves what another one has that runs: the uploads whose sessions it holds, and those that end with its requests.
    /// </summary>
    /// <returns>Number of bytes of each upload that was taken and has any.</returns>
    IReadOnlyDictionary<Guid, long> TakeAll(IReadOnlyCollection<Guid> uploads, Guid holder);

    /// <summary>Makes keys due after a time.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="after">The time, by the clock of the metadata, which counts while a process runs.</param>
    Task CondemnAsync(IReadOnlyCollection<string> keys, TimeSpan after);

    /// <summary>
    /// Makes keys due that neither an upload nor content has: a push was refused after its bytes were sent, a process ended in between, or another push has
    /// replaced the object. Looks at one page of the keys.
    /// </summary>
    /// <param name="last">Key after which the page begins; null for the first page.</param>
    /// <param name="limit">Number of keys to look at.</param>
    /// <param name="after">Time after which they are due. It is longer than any push takes from the choice of its key to its commit.</param>
    /// <returns>Last key of the page; null after the last page.</returns>
    Task<string?> CondemnUnknownAsync(string? last, int limit, TimeSpan after);

    /// <summary>Lists objects that are due. One that is the recorded place of content is not among them.</summary>
    Task<IReadOnlyList<CondemnedObject>> ListDueAsync(int limit);

    /// <summary>Counts the objects that have a time of deletion, by an index, and finds out how long the oldest one is due.</summary>
    Task<WaitingObjects> ReadWaitingAsync();

    /// <summary>Forgets keys whose objects are gone.</summary>
    Task ForgetAsync(IReadOnlyCollection<string> keys);

    /// <summary>Reads the marks of the store.</summary>
    Task<StoreMarks> ReadMarksAsync();

    /// <summary>Chooses the next mark of the store, unless another process has. Unlike the other changes, it survives a power cut.</summary>
    /// <param name="newest">The newest mark, as it was read.</param>
    /// <param name="mark">The next one, which is not 0.</param>
    /// <returns>False, without a change, if the newest mark is another one.</returns>
    Task<bool> AddMarkAsync(long newest, long mark);
}
