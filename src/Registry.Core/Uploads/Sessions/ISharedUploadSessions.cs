using Registry.Core.Fairness;
using Registry.Core.Metadata;
using Registry.Core.Storage;

namespace Registry.Core.Uploads.Sessions;

/// <summary>
/// Sessions in an engine that several processes share, so that each request of an upload may reach another process. A process holds a session only while one of
/// its requests uses it: from <see cref="AcquireAsync"/>, which begins a generation, to <see cref="ReleaseAsync"/>. A session that no request uses belongs to no
/// process, and nothing is taken over at a start.
/// </summary>
/// <remarks>
/// Idle times count in the clock of the engine (<see cref="IGraceClock"/>), which its statements read: no clock of a process or of the database expires an upload.
/// Every member throws <see cref="StorageException"/> when the storage fails.
/// </remarks>
public interface ISharedUploadSessions : IUploadSessions
{
    /// <summary>Finds a session, with the position that was released last; null if there is none.</summary>
    Task<UploadProgress?> FindAsync(Guid id);

    /// <summary>Lists sessions, in no particular order.</summary>
    /// <param name="idle">Only those that no request has used for so long; all for zero.</param>
    Task<IReadOnlyList<UploadProgress>> ListAsync(TimeSpan idle);

    /// <summary>Lists sessions in the order of their ids.</summary>
    /// <param name="after">Id after which the list begins; the empty one for the first.</param>
    /// <param name="limit">Largest number.</param>
    Task<IReadOnlyList<UploadProgress>> ListAsync(Guid after, int limit);

    /// <summary>Finds the session that gives way to a new one: one without a byte that no request has used for a time; null if there is none.</summary>
    /// <param name="holder">Holder of the new one.</param>
    /// <param name="ofHolder">True for one of the holder only. Otherwise one of the holder with the most, if it has more than the new one's, comes first.</param>
    /// <param name="within">Only one from this network, which may be of any holder; null for any.</param>
    /// <param name="claim">The time.</param>
    Task<Guid?> FindEmptyAsync(UploadHolder holder, bool ofHolder, ClientNetwork? within, TimeSpan claim);

    /// <summary>
    /// Acquires a session for a request of this process, in which no other request has it. It gets a new generation, so a process that had it before can change
    /// nothing any more.
    /// </summary>
    /// <param name="id">The session.</param>
    /// <param name="idle">Only if no request has used it for so long; zero for any.</param>
    /// <returns>Null if there is no such session, or a request of another process that runs uses it.</returns>
    Task<AcquiredSession?> AcquireAsync(Guid id, TimeSpan idle);

    /// <summary>Releases a session, and saves how far its upload is. The idle time begins.</summary>
    /// <param name="lease">The session.</param>
    /// <param name="position">See <see cref="StoredUploadSession.Position"/>.</param>
    /// <param name="hashState">See <see cref="StoredUploadSession.HashState"/>.</param>
    /// <returns>False, without a change, if another process has taken the session over, or it has ended.</returns>
    Task<bool> ReleaseAsync(UploadLease lease, long position, ReadOnlyMemory<byte>? hashState);
}
