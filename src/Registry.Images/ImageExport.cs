using Registry.Core.Blobs;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Images.Layouts;
using Registry.Storage;

namespace Registry.Images;

/// <summary>Writes images, with all their content, as an OCI image layout. The bytes are those that were pushed.</summary>
public sealed class ImageExport
{
    private const int PageSize = 1000;

    private readonly IMetadataStore _metadata;
    private readonly IBlobStore _blobs;
    private readonly bool _withReferrers;
    private readonly IProgress<TransferProgress>? _progress;
    private readonly HashSet<Digest> _written = [];
    private readonly List<LayoutEntry> _entries = [];
    private long? _allBlobs;
    private long? _allBytes;
    private long _manifests;
    private long _referrers;
    private long _blobCount;
    private long _bytes;
    private long _missing;

    private ImageExport(IMetadataStore metadata, IBlobStore blobs, bool withReferrers, IProgress<TransferProgress>? progress)
    {
        _progress = progress;
        _metadata = metadata;
        _blobs = blobs;
        _withReferrers = withReferrers;
    }

    /// <summary>Exports into a new or empty folder, or into a file if its name ends with <c>.tar</c>. A failed export leaves nothing behind.</summary>
    /// <param name="storage">Storage to read; no bytes may be removed from it meanwhile.</param>
    /// <param name="images">Images to export; a repository alone stands for all of its tags.</param>
    /// <param name="target">The folder or file.</param>
    /// <param name="withReferrers">True to export signatures and other referrers, too.</param>
    /// <param name="progress">Receives the progress from time to time; null for none.</param>
    /// <param name="cancellationToken">Stops the export.</param>
    /// <exception cref="LayoutException">An image does not exist or is damaged, or the target cannot be used.</exception>
    public static async Task<TransferReport> ToPathAsync(
        StorageReader storage, IReadOnlyList<ImageReference> images, string target, bool withReferrers, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(storage);
        try
        {
            await using ILayoutTarget layout = IsArchive(target) ? new TarTarget(target) : new FolderTarget(target);
            return await new ImageExport(storage.Metadata, storage.Blobs, withReferrers, progress).RunAsync(images, layout, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LayoutException($"{target} cannot be written: {IoFault.Reason(e, target)}", e);
        }
    }

    /// <summary>Exports as a tar archive into a stream, which stays open.</summary>
    /// <inheritdoc cref="ToPathAsync"/>
    public static async Task<TransferReport> ToStreamAsync(
        StorageReader storage, IReadOnlyList<ImageReference> images, Stream target, bool withReferrers, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(storage);
        try
        {
            await using var layout = new TarTarget(target);
            return await new ImageExport(storage.Metadata, storage.Blobs, withReferrers, progress).RunAsync(images, layout, cancellationToken);
        }
        catch (IOException e)
        {
            throw new LayoutException($"the archive cannot be written: {IoFault.Reason(e)}", e);
        }
    }

    /// <summary>True if a path names an archive, not a folder.</summary>
    public static bool IsArchive(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase);
    }

    private async Task<TransferReport> RunAsync(IReadOnlyList<ImageReference> images, ILayoutTarget target, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        if (_progress is not null)
        {
            await MeasureAsync(images, cancellationToken);
        }

        // skopeo and podman ask for a tag alone, which names one image only if there is one repository.
        var isOneRepository = images.Select(image => image.Repository).Distinct().Count() == 1;
        foreach (var group in images.GroupBy(image => image.Repository))
        {
            var walk = new RepositoryWalk(_metadata, _blobs, group.Key, _withReferrers);
            foreach (var image in await ExpandAsync(group))
            {
                var stored = await _metadata.FindManifestAsync(image.Repository, image.Reference!.Value)
                    ?? throw new LayoutException($"there is no {image} in the registry");
                var refName = image.Reference.Value.Tag is not { } tag ? null : isOneRepository ? tag.Value : image.ToString();
                AddEntry(new LayoutEntry(new Descriptor(stored.MediaType, stored.Digest, stored.Size), refName, refName is null ? null : image.ToString()));
                await WriteImageAsync(walk, stored, target, cancellationToken);
                names.Add(image.ToString());
            }

            _missing += walk.Missing;
        }

        await target.WriteAsync(LayoutIndex.MarkerFile, Open(LayoutIndex.Marker), cancellationToken);

        // Written last, so that an incomplete layout has no index.
        await target.WriteAsync(LayoutIndex.IndexFile, Open(LayoutIndex.Write(_entries)), cancellationToken);
        await target.FinishAsync(cancellationToken);
        return new TransferReport
        {
            Images = names,
            Manifests = _manifests,
            Referrers = _referrers,
            Blobs = _blobCount,
            Bytes = _bytes,
            Missing = _missing,
        };
    }

    private async Task<List<ImageReference>> ExpandAsync(IEnumerable<ImageReference> images)
    {
        var all = new List<ImageReference>();
        foreach (var image in images)
        {
            if (image.Reference is not null)
            {
                all.Add(image);
                continue;
            }

            var before = all.Count;
            for (string? last = null; ;)
            {
                var page = await _metadata.ListTagsAsync(image.Repository, last, PageSize)
                    ?? throw new LayoutException($"there is no repository {image.Repository} in the registry");
                all.AddRange(page.Items.Select(tag => image with { Reference = Tag.Parse(tag) }));
                if (!page.HasMore)
                {
                    break;
                }

                last = page.Items[^1];
            }

            if (all.Count == before)
            {
                throw new LayoutException($"{image.Repository} has no tags; name the image by its digest, {image.Repository}@sha256:…");
            }
        }

        return [.. all.Distinct()];
    }

    private async Task WriteImageAsync(RepositoryWalk walk, StoredManifest image, ILayoutTarget target, CancellationToken cancellationToken)
    {
        await foreach (var (manifest, isReferrer) in walk.ImageAsync(image, cancellationToken))
        {
            foreach (var blob in await walk.BlobsAsync(manifest))
            {
                if (_written.Add(blob.Place.Known))
                {
                    await WriteBlobAsync(blob.Place, target, cancellationToken);
                }
            }

            if (_written.Add(manifest.Descriptor.Digest))
            {
                await target.WriteAsync(LayoutIndex.BlobPath(manifest.Descriptor.Digest), Open(manifest.Content), cancellationToken);
                _manifests++;
            }

            if (isReferrer)
            {
                // No other entry of the layout leads to it.
                AddEntry(new LayoutEntry(manifest.Descriptor, ArtifactType: manifest.Manifest.ArtifactType));
                _referrers++;
            }
        }
    }

    private async Task WriteBlobAsync(BlobPlace place, ILayoutTarget target, CancellationToken cancellationToken)
    {
        var digest = place.Known;
        var content = await _blobs.OpenAsync(place, cancellationToken)
            ?? throw new LayoutException($"{digest} is missing from the storage; pushing it again repairs that");
        await using var stream = new VerifiedStream(content, digest);
        await target.WriteAsync(LayoutIndex.BlobPath(digest), stream, cancellationToken);
        _blobCount++;
        _bytes += content.Length;
        _progress?.Report(new TransferProgress(_blobCount, _allBlobs, _bytes, _allBytes));
    }

    // Reads the manifests once more than the export needs, which costs little next to the layers.
    private async Task MeasureAsync(IReadOnlyList<ImageReference> images, CancellationToken cancellationToken)
    {
        var sizes = new Dictionary<Digest, long>();
        foreach (var group in images.GroupBy(image => image.Repository))
        {
            var walk = new RepositoryWalk(_metadata, _blobs, group.Key, _withReferrers);
            foreach (var image in await ExpandAsync(group))
            {
                if (await _metadata.FindManifestAsync(image.Repository, image.Reference!.Value) is not { } stored)
                {
                    continue;
                }

                await foreach (var (manifest, _) in walk.ImageAsync(stored, cancellationToken))
                {
                    foreach (var blob in await walk.BlobsAsync(manifest))
                    {
                        sizes[blob.Place.Known] = blob.Size;
                    }
                }
            }
        }

        _allBlobs = sizes.Count;
        _allBytes = sizes.Values.Sum();
    }

    private void AddEntry(LayoutEntry entry)
    {
        if (!_entries.Exists(known => known.Descriptor.Digest == entry.Descriptor.Digest && known.RefName == entry.RefName))
        {
            _entries.Add(entry);
        }
    }

    private static MemoryStream Open(ReadOnlyMemory<byte> content) => new(content.ToArray());
}
