using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Promises;

/// <summary>
/// Finds content for a client that does not push what exists, and so promises it: it stays for at least half of the grace period. The promise is the time in
/// the row of the content since when nothing has needed it, so it survives the process. A row that is younger than half of the grace period promises enough; an
/// older one is renewed, durably, before the answer.
/// </summary>
/// <remarks>
/// Every caller who may pull gets the promise: containerd, oras and regctl ask without credentials, or with a token that only allows pulls, before they push
/// with others.
/// </remarks>
/// <param name="metadata">Repositories, manifests and links.</param>
/// <param name="grace">The grace period.</param>
/// <param name="pause">Keeps content whose row cannot be renewed.</param>
public sealed class ContentPromises(IMetadataStore metadata, GracePeriod grace, CollectionPause pause)
{
    /// <summary>Finds and promises a blob; null if the repository may not see it.</summary>
    /// <inheritdoc cref="IMetadataStore.FindBlobAsync"/>
    public async ValueTask<StoredBlob?> FindBlobAsync(RepositoryName repository, Digest digest)
    {
        var blob = await metadata.FindBlobAsync(repository, digest);
        return blob is null || grace.IsPromised(blob.IdleSince) || await TryRenewAsync(metadata.RenewBlobAsync, repository, digest) ? blob : null;
    }

    /// <summary>Finds and promises a manifest; null if the repository has none with this tag or digest.</summary>
    /// <inheritdoc cref="IMetadataStore.FindManifestAsync"/>
    public async ValueTask<StoredManifest?> FindManifestAsync(RepositoryName repository, Reference reference)
    {
        var manifest = await metadata.FindManifestAsync(repository, reference);
        return manifest is null || grace.IsPromised(manifest.IdleSince) || await TryRenewAsync(metadata.RenewManifestAsync, repository, manifest.Digest)
            ? manifest
            : null;
    }

    // False if it has expired or was deleted since it was found.
    private async Task<bool> TryRenewAsync(Func<RepositoryName, Digest, Task<bool>> renew, RepositoryName repository, Digest digest)
    {
        if (pause.TryReplaceWrite())
        {
            return true;
        }

        try
        {
            return await renew(repository, digest);
        }
        catch (StorageException)
        {
            // Pulls work while nothing can be written.
            pause.Begin();
            return true;
        }
    }
}
