using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Promises;

namespace Registry.Core.Blobs;

/// <summary>Reads and deletes blobs of a repository.</summary>
public sealed class BlobOperations(IBlobReader contents, IMetadataStore metadata, ContentPromises promises, DamagedContent damaged)
{
    /// <summary>Size of a blob in bytes, or BLOB_UNKNOWN. A client that learns that the blob exists does not upload it, so the blob is promised.</summary>
    public async ValueTask<Result<long>> StatAsync(RepositoryName repository, Digest digest)
    {
        if (await promises.FindBlobAsync(repository, digest) is not { } blob)
        {
            return RegistryErrorCode.BlobUnknown;
        }

        var actual = await contents.StatAsync(blob.Place, blob.Size);
        if (actual != blob.Size)
        {
            damaged.Report("Blob", repository, digest, blob.Size, actual);
            return RegistryErrorCode.BlobUnknown;
        }

        return blob.Size;
    }

    /// <summary>Opens a blob for a client; BLOB_UNKNOWN if the repository does not have it. The caller disposes it.</summary>
    public async ValueTask<Result<BlobSource>> OpenAsync(RepositoryName repository, Digest digest)
    {
        if (await metadata.FindBlobAsync(repository, digest) is not { } blob)
        {
            return RegistryErrorCode.BlobUnknown;
        }

        var content = await contents.OpenForClientAsync(blob.Place, blob.Size);
        if (content?.Length == blob.Size)
        {
            return content;
        }

        await damaged.RejectAsync("Blob", repository, digest, blob.Size, content);
        return RegistryErrorCode.BlobUnknown;
    }

    /// <summary>Removes a blob from the repository; refused while one of its manifests needs the blob.</summary>
    /// <returns>Size of the blob in bytes.</returns>
    public Task<Result<long>> DeleteAsync(RepositoryName repository, Digest digest, ChangeOrigin origin) =>
        metadata.UnlinkBlobAsync(repository, digest, origin);
}
