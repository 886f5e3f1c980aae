using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Blobs;

/// <summary>Reads and deletes blobs of a repository.</summary>
public sealed partial class BlobOperations(
    IBlobReader contents, IMetadataStore metadata, ContentPromises promises, ILogger<BlobOperations> logger)
{
    private static readonly Func<(IMetadataStore Metadata, RepositoryName Repository, Digest Digest), Task<long?>> FindLink =
        static link => link.Metadata.FindBlobAsync(link.Repository, link.Digest);

    /// <summary>
    /// Size of a blob in bytes, or BLOB_UNKNOWN. A client that learns that the blob exists does not upload it, so the blob is kept for the grace
    /// period.
    /// </summary>
    public async ValueTask<Result<long>> StatAsync(RepositoryName repository, Digest digest)
    {
        if (await promises.FindAndPromiseAsync((metadata, repository, digest), FindLink, digest) is not { } size)
        {
            return RegistryErrorCode.BlobUnknown;
        }

        var actual = await contents.StatAsync(digest, size);
        if (actual != size)
        {
            LogDamaged(repository.Value, digest.Value, size, StoredSize.Describe(actual));
            return RegistryErrorCode.BlobUnknown;
        }

        return size;
    }

    /// <summary>Opens a blob for reading; BLOB_UNKNOWN if the repository does not have it. The caller disposes it.</summary>
    public async ValueTask<Result<BlobContent>> OpenAsync(RepositoryName repository, Digest digest)
    {
        if (await metadata.FindBlobAsync(repository, digest) is not { } size)
        {
            return RegistryErrorCode.BlobUnknown;
        }

        var content = await contents.OpenAsync(digest);
        if (content?.Length != size)
        {
            LogDamaged(repository.Value, digest.Value, size, StoredSize.Describe(content?.Length));
            content?.Dispose();
            return RegistryErrorCode.BlobUnknown;
        }

        return content;
    }

    /// <summary>Removes a blob from the repository; refused while one of its manifests needs the blob.</summary>
    /// <returns>Size of the blob in bytes.</returns>
    public Task<Result<long>> DeleteAsync(RepositoryName repository, Digest digest) => metadata.UnlinkBlobAsync(repository, digest);

    // The response is BLOB_UNKNOWN, so that a client pushes the blob again, which replaces the file.
    [LoggerMessage(1, LogLevel.Error,
        "Blob {Digest} of {Repository} is damaged: {Expected} B expected, {Actual} found. Pushing it again repairs it")]
    private partial void LogDamaged(string repository, string digest, long expected, string actual);
}
