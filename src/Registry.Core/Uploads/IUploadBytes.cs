using Registry.Core.Storage;
using Registry.Core.Uploads.Sessions;

namespace Registry.Core.Uploads;

/// <summary>Bytes of uploads in progress, in the engine that keeps the bytes of blobs. <see cref="IUploadSessions"/> has what else is known of them.</summary>
/// <remarks>
/// Bytes are found by the id of their session alone: an engine that several processes share must keep a process whose lease has ended from changing them.
/// Every member throws <see cref="StorageException"/> when the storage fails.
/// </remarks>
public interface IUploadBytes
{
    /// <summary>
    /// Number of bytes by which the stored position of a session may be behind when a request has released the upload: the engine finds their number itself after a restart
    /// (<see cref="Recover"/>), so the row tells only how many there must be at least. 0 for an engine whose bytes cannot be counted: then the row is the
    /// truth, and has each position before the client learns of it.
    /// </summary>
    long PositionLag { get; }

    /// <summary>Refuses while writes have stopped, or while the remaining space is for deletes.</summary>
    ValueTask EnsureOpenAsync();

    /// <summary>Refuses as <see cref="EnsureOpenAsync"/> does, and while the storage is full up to its reserve.</summary>
    ValueTask EnsureRoomAsync();

    /// <summary>
    /// Finds the bytes that a previous process has received, and removes those without a session: no client got a success response for them. Blocks.
    /// </summary>
    /// <param name="sessions">Ids of the sessions.</param>
    /// <returns>Number of bytes of each session that has any.</returns>
    IReadOnlyDictionary<Guid, long> Recover(IReadOnlyCollection<Guid> sessions);

    /// <summary>
    /// Takes the bytes of one upload over for this process, which has acquired its session from another one. The other process may still run; it can change the
    /// bytes no more.
    /// </summary>
    /// <returns>Number of bytes.</returns>
    Task<long> TakeOverAsync(Guid id);

    /// <summary>Opens the bytes of an upload for one request, which disposes them. Nothing is stored before the first byte.</summary>
    /// <param name="id">The upload.</param>
    /// <param name="length">Number of bytes that it has.</param>
    IUploadContent Open(Guid id, long length);

    /// <summary>Opens an upload for one request whose bytes others read while they arrive. It ends with the request.</summary>
    /// <param name="id">The upload, which has no bytes yet.</param>
    /// <exception cref="NotSupportedException">The engine cannot read what it has received. Its composition keeps a copy beside it.</exception>
    IFollowedContent OpenFollowed(Guid id) => throw new NotSupportedException();

    /// <summary>Discards the bytes of an upload, if it has any. Bytes that cannot be removed are logged, and the next start removes them.</summary>
    Task DiscardAsync(Guid id);
}
