using Registry.Core.Blobs;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Manifests;

/// <summary>Reads manifests and configs for people. Who looks at a page relies on nothing, so nothing is promised, and no lookup writes.</summary>
/// <param name="contents">Bytes for pulls.</param>
/// <param name="metadata">The metadata.</param>
public sealed class ContentInspection(IBlobReader contents, IMetadataStore metadata)
{
    /// <summary>Finds a manifest; MANIFEST_UNKNOWN if there is none.</summary>
    public async Task<Result<StoredManifest>> FindAsync(RepositoryName repository, Reference reference) =>
        await metadata.FindManifestAsync(repository, reference) is { } manifest ? manifest : RegistryErrorCode.ManifestUnknown;

    /// <summary>Reads the bytes of a manifest; null if they are lost.</summary>
    /// <param name="manifest">The manifest.</param>
    /// <param name="cancellationToken">Ends the wait for the storage.</param>
    public Task<ReadOnlyMemory<byte>?> ReadAsync(StoredManifest manifest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return ReadAsync(manifest.Place, manifest.Size, cancellationToken);
    }

    /// <summary>Reads a small blob of a repository, such as the config of an image.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="maxSize">Size of the largest blob that is read, in bytes.</param>
    /// <param name="cancellationToken">Ends the wait for the storage.</param>
    /// <returns>The bytes; null if the repository does not have them, or they are more.</returns>
    public async Task<ReadOnlyMemory<byte>?> ReadBlobAsync(RepositoryName repository, Digest digest, long maxSize, CancellationToken cancellationToken) =>
        await metadata.FindBlobAsync(repository, digest) is { } blob && blob.Size <= maxSize
            ? await ReadAsync(blob.Place, blob.Size, cancellationToken)
            : null;

    /// <summary>Reads the beginning of a blob of a repository.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="count">Number of bytes.</param>
    /// <param name="cancellationToken">Ends the wait for the storage.</param>
    /// <returns>The bytes, all of them if the blob has fewer; null if the repository does not have it.</returns>
    public async Task<ReadOnlyMemory<byte>?> ReadBlobStartAsync(RepositoryName repository, Digest digest, int count, CancellationToken cancellationToken)
    {
        if (await metadata.FindBlobAsync(repository, digest) is not { } blob)
        {
            return null;
        }

        await using var content = await contents.OpenAsync(blob.Place, cancellationToken);
        return content?.Length == blob.Size ? await content.ReadAsync((int)Math.Min(count, blob.Size), cancellationToken) : null;
    }

    private async Task<ReadOnlyMemory<byte>?> ReadAsync(BlobPlace place, long size, CancellationToken cancellationToken)
    {
        await using var content = await contents.OpenAsync(place, cancellationToken);
        return content?.Length == size ? await content.ReadAsync(cancellationToken) : null;
    }
}
