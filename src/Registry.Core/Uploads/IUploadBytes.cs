using Registry.Core.Storage;

namespace Registry.Core.Uploads;

/// <summary>Bytes of uploads in progress, in the engine that keeps the bytes of blobs. <see cref="IUploadSessions"/> has what else is known of them.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IUploadBytes
{
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

    /// <summary>Opens the bytes of an upload for one request, which disposes them. Nothing is stored before the first byte.</summary>
    /// <param name="id">The upload.</param>
    /// <param name="length">Number of bytes that it has.</param>
    IUploadContent Open(Guid id, long length);

    /// <summary>Discards the bytes of an upload, if it has any. Bytes that cannot be removed are logged, and the next start removes them.</summary>
    Task DiscardAsync(Guid id);
}
