using Registry.Core.Fairness;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Uploads;

/// <summary>Uploads in progress. They survive a restart of the server.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IUploadStore
{
    /// <summary>Number of uploads in progress with a session.</summary>
    int Count { get; }

    /// <summary>Number of uploads in progress of a holder.</summary>
    int CountOf(UploadHolder holder);

    /// <summary>True if the holders of a network together have its share of the uploads in progress.</summary>
    bool IsShareUsed(ClientNetwork network);

    /// <summary>
    /// Begins an upload with a session, which later requests continue. When the holder or its network has its share of the sessions, or none is left, an
    /// upload that has received no byte for a minute ends instead.
    /// </summary>
    /// <returns>Null if no upload can end for it.</returns>
    Task<UploadSession?> TryCreateAsync(RepositoryName repository, UploadHolder holder, ClientNetwork network, DigestAlgorithm algorithm);

    /// <summary>Begins an upload that ends with its request: no other request can find it, and a restart removes it.</summary>
    ValueTask<IUpload> CreateUnnamedAsync(RepositoryName repository, DigestAlgorithm algorithm);

    /// <summary>Finds an upload; null if there is none with this id.</summary>
    ValueTask<UploadSession?> FindAsync(Guid id);

    /// <summary>
    /// Acquires an upload for one request; null if it does not exist or another request has it. Disposing the result releases it.
    /// </summary>
    ValueTask<IUpload?> TryAcquireAsync(Guid id);

    /// <summary>Waits until no request has the upload, which may be at once.</summary>
    Task ReleasedAsync(Guid id);

    /// <summary>Time since the last byte of the request that appends to an upload; null if no request waits for its client.</summary>
    TimeSpan? SilenceOf(Guid id);

    /// <summary>
    /// Ends the request that appends to an upload, if it has waited for its client in silence for so long. Its append keeps the received bytes and
    /// throws <see cref="UploadTakenOverException"/>; then the upload is free.
    /// </summary>
    bool TryTakeOver(Guid id, TimeSpan silence);

    /// <summary>Lists all uploads in progress, in no particular order.</summary>
    IEnumerable<UploadSession> Enumerate();
}
