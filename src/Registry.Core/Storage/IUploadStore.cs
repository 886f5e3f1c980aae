using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>Uploads in progress. They survive a restart of the server.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IUploadStore
{
    /// <summary>How many uploads are in progress that clients come back to.</summary>
    int Count { get; }

    /// <summary>Begins an upload that clients come back to.</summary>
    Task<UploadSession> CreateAsync(RepositoryName repository, string? owner, DigestAlgorithm algorithm);

    /// <summary>Begins an upload that ends with the request: no other can find it, and a restart forgets it.</summary>
    ValueTask<IUpload> CreateUnnamedAsync(RepositoryName repository, DigestAlgorithm algorithm);

    /// <summary>What is known of an upload; null when there is none of that id.</summary>
    ValueTask<UploadSession?> FindAsync(Guid id);

    /// <summary>
    /// Takes an upload for one request. Null when it is gone or another request has it. Disposing the result gives it back.
    /// </summary>
    ValueTask<IUpload?> TryAcquireAsync(Guid id);

    /// <summary>Ends when no request has the upload, which may be at once.</summary>
    Task ReleasedAsync(Guid id);

    /// <summary>Every upload in progress, in no particular order.</summary>
    IEnumerable<UploadSession> Enumerate();
}
