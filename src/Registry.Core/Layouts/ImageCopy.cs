using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Layouts;

/// <summary>Copies an image from one repository to another by linking what is stored: no bytes are copied.</summary>
public static class ImageCopy
{
    /// <summary>Copies an image with its children and, if wanted, what refers to it. The tag is set last.</summary>
    /// <param name="metadata">What is stored.</param>
    /// <param name="blobs">The bytes of the manifests.</param>
    /// <param name="writer">Brings it into the other repository.</param>
    /// <param name="source">The image.</param>
    /// <param name="target">Where it goes; without a tag it keeps that of the source, if it has one.</param>
    /// <param name="withReferrers">Whether signatures and the like come along.</param>
    /// <param name="progress">Receives the number of blobs linked so far, now and then; null for none.</param>
    /// <param name="cancellationToken">Ends it; what was linked without a manifest is collected later.</param>
    /// <exception cref="LayoutException">The image is not there or damaged, or was refused.</exception>
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
        LoadedManifest? image = null;
        long manifests = 0, referrers = 0, linked = 0;
        await foreach (var (manifest, isReferrer) in walk.ImageAsync(stored, cancellationToken))
        {
            foreach (var blob in await walk.BlobsAsync(manifest))
            {
                if (!await writer.MountAsync(target.Repository, source.Repository, blob))
                {
                    throw new LayoutException($"the bytes of {blob} are not in the storage; pushing it to {source.Repository} again repairs that");
                }

                progress?.Report(++linked);
            }

            await writer.PutAsync(target.Repository, manifest, []);
            manifests++;
            referrers += isReferrer ? 1 : 0;
            image = manifest.Descriptor.Digest == stored.Digest ? manifest : image;
        }

        var tag = target.Reference?.Tag ?? reference.Tag;
        if (tag is { } wanted)
        {
            await writer.PutAsync(target.Repository, image!, [wanted]);
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
