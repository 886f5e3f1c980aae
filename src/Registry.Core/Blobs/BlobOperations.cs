using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Blobs;

/// <summary>Reads and deletes blobs of a repository.</summary>
public sealed class BlobOperations(IBlobReader contents, IMetadataStore metadata, ContentPromises promises, DamagedContent damaged)
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
            damaged.Report("Blob", repository, digest, size, actual);
            return RegistryErrorCode.BlobUnknown;
        }

        return size;
    }

    /// <summary>Opens a blob for reading; BLOB_UNKNOWN if the repository does not have it. The caller disposes it.</summary>
    public async ValueTask<Result<BlobSource>> OpenAsync(RepositoryName repository, Digest digest)
    {
        if (await metadata.FindBlobAsync(repository, digest) is not { } size)
        {
            return RegistryErrorCode.BlobUnknown;
        }

        var content = await contents.OpenAsync(digest);
        if (content?.Length == size)
        {
            return content;
        }

        await damaged.RejectAsync("Blob", repository, digest, size, content);
        return RegistryErrorCode.BlobUnknown;
    }

    /// <summary>Removes a blob from the repository; refused while one of its manifests needs the blob.</summary>
    /// <returns>Size of the blob in bytes.</returns>
    public Task<Result<long>> DeleteAsync(RepositoryName repository, Digest digest, ChangeOrigin origin) =>
        metadata.UnlinkBlobAsync(repository, digest, origin);
}
