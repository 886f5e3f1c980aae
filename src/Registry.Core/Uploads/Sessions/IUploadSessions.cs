using Registry.Core.Metadata;
using Registry.Core.Storage;

namespace Registry.Core.Uploads.Sessions;

/// <summary>
/// Sessions of uploads in progress, as rows in the engine of the metadata. A process holds each session that it has begun or taken over, under a generation,
/// and a session is held by one process: a row changes only for the lease of its present generation. <see cref="IMetadataStore.LinkBlobAsync"/> ends a session in
/// the transaction that links its blob. Where each request of an upload may reach another process, a session is held for the time of a request only
/// (<see cref="ISharedUploadSessions"/>).
/// </summary>
/// <remarks>
/// Changes survive the end of the process, but perhaps not a power cut: a client then begins again. So a session costs no sync.
/// Every member throws <see cref="StorageException"/> when the storage fails.
/// </remarks>
public interface IUploadSessions
{
    /// <summary>
    /// Takes over the sessions of processes that have ended: each gets a new generation. Blocks. In the engine of SQLite, those are all other processes, since
    /// one process at a time has the database. An engine that several processes share decides by a lease that they renew.
    /// </summary>
    /// <returns>All sessions that this process holds.</returns>
    IReadOnlyList<StoredUploadSession> TakeOver();

    /// <summary>Adds a session, which this process holds, if the shares admit it. One transaction counts and adds.</summary>
    /// <param name="session">A new session, in its first generation.</param>
    /// <param name="shares">Shares of the uploads in progress.</param>
    /// <param name="replaced">A session that ends with this, whose place the new one has, whatever the shares; null for none.</param>
    /// <returns>Null if it was added; else the numbers of uploads by which it was refused.</returns>
    Task<UploadCounts?> AddAsync(StoredUploadSession session, UploadShares shares, UploadLease? replaced = null);

    /// <summary>Saves how far an upload is.</summary>
    /// <param name="lease">The session.</param>
    /// <param name="position">See <see cref="StoredUploadSession.Position"/>.</param>
    /// <param name="hashState">See <see cref="StoredUploadSession.HashState"/>.</param>
    /// <returns>False, without a change, if another process has taken the session over, or it has ended.</returns>
    Task<bool> SaveAsync(UploadLease lease, long position, ReadOnlyMemory<byte>? hashState);

    /// <summary>Removes a session.</summary>
    /// <returns>False, without a change, if another process has taken the session over, or it has ended.</returns>
    Task<bool> RemoveAsync(UploadLease lease);
}
