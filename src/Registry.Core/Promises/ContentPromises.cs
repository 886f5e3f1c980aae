using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
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
/// with others. A blob is refused when the storage refuses its renewal: only a push asks for a blob that nothing needs, and the storage would refuse the
/// rest of the push, too. A manifest is served, since a pull may need it, unless another process could collect it.
/// </remarks>
/// <param name="metadata">Repositories, manifests and links.</param>
/// <param name="grace">The grace period.</param>
/// <param name="pause">Keeps content whose row cannot be renewed.</param>
/// <param name="faults">Limits the lines while the storage refuses renewals.</param>
/// <param name="logger">The log.</param>
public sealed partial class ContentPromises(
    IMetadataStore metadata, GracePeriod grace, CollectionPause pause, RecurringFaults faults, ILogger<ContentPromises> logger)
{
    /// <summary>Finds and promises a blob; null if the repository may not see it.</summary>
    /// <inheritdoc cref="IMetadataStore.FindBlobAsync"/>
    /// <exception cref="StorageException">The storage refuses to record the promise.</exception>
    public async ValueTask<StoredBlob?> FindBlobAsync(RepositoryName repository, Digest digest)
    {
        var blob = await metadata.FindBlobAsync(repository, digest);
        return blob is null || grace.IsPromised(blob.IdleSince) || pause.TryReplaceWrite() || await metadata.RenewBlobAsync(repository, digest) ? blob : null;
    }

    /// <summary>Finds and promises a manifest; null if the repository has none with this tag or digest.</summary>
    /// <inheritdoc cref="IMetadataStore.FindManifestAsync"/>
    /// <exception cref="StorageException">The storage refuses to record the promise, and another process could collect the manifest.</exception>
    public async ValueTask<StoredManifest?> FindManifestAsync(RepositoryName repository, Reference reference)
    {
        var manifest = await metadata.FindManifestAsync(repository, reference);
        return manifest is null || grace.IsPromised(manifest.IdleSince) || pause.TryReplaceWrite() || await TryRenewAsync(repository, manifest.Digest)
            ? manifest
            : null;
    }

    // False if it has expired or was deleted since it was found.
    private async Task<bool> TryRenewAsync(RepositoryName repository, Digest digest)
    {
        try
        {
            return await metadata.RenewManifestAsync(repository, digest);
        }
        catch (StorageException e)
        {
            // Pulls work while nothing can be written.
            if (!pause.TryBegin())
            {
                throw;
            }

            var reason = e.Message.TrimEnd('.');
            if (faults.IsNew($"Promises of manifests that the storage refuses to record, {reason}"))
            {
                LogRefused(digest.Value, repository.Value, reason);
            }

            return true;
        }
    }

    [LoggerMessage(1, LogLevel.Error,
        "The storage refuses to record that manifest {Digest} of {Repository} was asked for: {Reason}. It is served, and garbage collection pauses instead. Check the disk of the data folder. Further manifests with this fault are counted once a minute")]
    private partial void LogRefused(string digest, string repository, string reason);
}
