using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Maintenance;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Storage.Caching;

namespace Registry.Core.Operations;

/// <summary>Reading and deleting blobs of a repository.</summary>
public sealed partial class BlobOperations(
    ContentCache contents, IMetadataStore metadata, BlobLeases leases, TreeIndexer indexer, ILogger<BlobOperations> logger)
{
    private static readonly Func<(IMetadataStore Metadata, RepositoryName Repository, Digest Digest), Task<long?>> FindLink =
        static link => link.Metadata.FindBlobAsync(link.Repository, link.Digest);

    /// <summary>
    /// The size of a blob in bytes, or BLOB_UNKNOWN. Whoever is told that it exists will not upload it, so it is kept for the grace period.
    /// </summary>
    public async ValueTask<Result<long>> StatAsync(RepositoryName repository, Digest digest)
    {
        await indexer.EnsureAsync(repository);
        if (await leases.FindAndPromiseAsync((metadata, repository, digest), FindLink, digest) is not { } size)
        {
            return RegistryErrorCode.BlobUnknown;
        }

        var actual = await contents.StatAsync(digest, size);
        if (actual != size)
        {
            LogDamaged(repository.Value, digest.Value, size, actual);
            return RegistryErrorCode.BlobUnknown;
        }

        return size;
    }

    /// <summary>Opens a blob for reading, or BLOB_UNKNOWN. The caller disposes it.</summary>
    public async ValueTask<Result<BlobContent>> OpenAsync(RepositoryName repository, Digest digest)
    {
        await indexer.EnsureAsync(repository);
        if (await metadata.FindBlobAsync(repository, digest) is not { } size)
        {
            return RegistryErrorCode.BlobUnknown;
        }

        var content = await contents.OpenAsync(digest);
        if (content?.Length != size)
        {
            LogDamaged(repository.Value, digest.Value, size, content?.Length);
            content?.Dispose();
            return RegistryErrorCode.BlobUnknown;
        }

        return content;
    }

    /// <summary>Stops the repository from seeing a blob; refused while one of its manifests needs it.</summary>
    /// <returns>Its size in bytes.</returns>
    public async Task<Result<long>> DeleteAsync(RepositoryName repository, Digest digest) =>
        indexer.RefuseUntilComplete() is { } notReady ? notReady : await metadata.UnlinkBlobAsync(repository, digest);

    // Answering "unknown" lets a client push the blob again, which replaces the file.
    [LoggerMessage(1, LogLevel.Error,
        "Blob {Digest} of {Repository} is damaged: {Expected} bytes expected, {Actual} found. Pushing it again repairs it")]
    private partial void LogDamaged(string repository, string digest, long expected, long? actual);
}
