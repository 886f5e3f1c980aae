using Registry.Core.Blobs;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Images.Layouts;

namespace Registry.Images;

/// <summary>Copies an image from one repository to another by linking the stored content: no bytes are copied.</summary>
public static class ImageCopy
{
    /// <summary>Copies an image with its children and, optionally, its referrers. The tag is set last.</summary>
    /// <param name="metadata">Metadata of the registry.</param>
    /// <param name="blobs">Bytes of the manifests.</param>
    /// <param name="writer">Writes into the target repository.</param>
    /// <param name="source">The image.</param>
    /// <param name="target">Target; without a tag, it gets the tag of the source, if there is one.</param>
    /// <param name="withReferrers">True to copy signatures and other referrers, too.</param>
    /// <param name="progress">Receives the number of linked blobs from time to time; null for none.</param>
    /// <param name="cancellationToken">Stops the copy; the collector removes links without a manifest later.</param>
    /// <exception cref="LayoutException">The image does not exist, is damaged, or was refused.</exception>
    public static async Task<TransferReport> RunAsync(
        IMetadataStore metadata,
        IBlobStore blobs,
        ImageWriter writer,
        ImageReference source,
        ImageReference target,
        bool withReferrers,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        var reference = source.Reference ?? throw new LayoutException($"{source} names no image; add a tag or a digest");
        if (target.Reference is { Digest: not null })
        {
            throw new LayoutException($"{target} has a digest; a copy keeps the digest of its source, so name a tag, or the repository alone");
        }

        var stored = await metadata.FindManifestAsync(source.Repository, reference) ?? throw new LayoutException($"there is no {source} in the registry");
        var walk = new RepositoryWalk(metadata, blobs, source.Repository, withReferrers);
        var image = await walk.LoadAsync(stored);
        var tag = target.Reference?.Tag ?? reference.Tag;
        await writer.CheckAsync(target.Repository, image, tag is { } named ? [named] : []);
        long manifests = 0, referrers = 0, linked = 0;
        await foreach (var (manifest, isReferrer) in walk.ImageAsync(stored, cancellationToken))
        {
            foreach (var blob in (await walk.BlobsAsync(manifest)).Select(blob => blob.Place.Known))
            {
                if (!await writer.MountAsync(target.Repository, source.Repository, blob))
                {
                    throw new LayoutException($"the bytes of {blob} are not in the storage; pushing it to {source.Repository} again repairs that");
                }

                linked++;
                progress?.Report(linked);
            }

            await writer.PutAsync(target.Repository, manifest, [], cancellationToken);
            manifests++;
            referrers += isReferrer ? 1 : 0;
        }

        if (tag is { } wanted)
        {
            await writer.PutAsync(target.Repository, image, [wanted], cancellationToken);
        }

        var name = new ImageReference(target.Repository, tag is { } set ? set : stored.Digest);
        return new TransferReport
        {
            Images = [name.ToString()],
            Manifests = manifests,
            Referrers = referrers,
            Blobs = linked,
            Bytes = 0,
            Missing = walk.Missing,
        };
    }
}
