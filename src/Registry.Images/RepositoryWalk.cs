using System.Runtime.CompilerServices;
using Registry.Core.Blobs;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Images.Layouts;

namespace Registry.Images;

/// <summary>Walks through images of a repository, children before their index, and then, optionally, through the referrers of each.</summary>
internal sealed class RepositoryWalk
{
    private const int PageSize = 500;

    private readonly IMetadataStore _metadata;
    private readonly IBlobStore _blobs;
    private readonly RepositoryName _repository;
    private readonly bool _withReferrers;
    private readonly ManifestWalk _walk;

    public RepositoryWalk(IMetadataStore metadata, IBlobStore blobs, RepositoryName repository, bool withReferrers)
    {
        _metadata = metadata;
        _blobs = blobs;
        _repository = repository;
        _withReferrers = withReferrers;
        _walk = new ManifestWalk(LoadAsync);
    }

    /// <inheritdoc cref="ManifestWalk.Missing"/>
    public int Missing => _walk.Missing;

    /// <summary>Reads the manifest of an image.</summary>
    /// <exception cref="LayoutException">The manifest is damaged, or was deleted meanwhile.</exception>
    public async Task<LoadedManifest> LoadAsync(StoredManifest image) =>
        await LoadAsync(DescriptorOf(image)) ?? throw new LayoutException($"has no manifest {image.Digest}");

    /// <summary>Yields an image and its content that was not yielded before. Referrers are marked as such.</summary>
    /// <exception cref="LayoutException">A manifest is damaged.</exception>
    public async IAsyncEnumerable<(LoadedManifest Manifest, bool IsReferrer)> ImageAsync(
        StoredManifest image, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var roots = new Queue<(Descriptor Descriptor, bool IsReferrer)>([(DescriptorOf(image), false)]);
        while (roots.TryDequeue(out var root))
        {
            await foreach (var manifest in _walk.ChildrenFirstAsync(root.Descriptor, cancellationToken))
            {
                yield return (manifest, root.IsReferrer && manifest.Descriptor.Digest == root.Descriptor.Digest);
                if (_withReferrers)
                {
                    await foreach (var referrer in ReferrersAsync(manifest.Descriptor.Digest))
                    {
                        roots.Enqueue((referrer, true));
                    }
                }
            }
        }
    }

    /// <summary>Lists the blobs of a manifest that the repository has. Non-distributable layers may be missing.</summary>
    /// <exception cref="LayoutException">Another blob is missing.</exception>
    public async Task<IReadOnlyList<StoredBlob>> BlobsAsync(LoadedManifest manifest)
    {
        var found = new List<StoredBlob>();
        foreach (var blob in manifest.Manifest.References.Except(manifest.Manifest.Manifests))
        {
            if (await _metadata.FindBlobAsync(_repository, blob.Digest) is { } stored)
            {
                found.Add(stored);
            }
            else if (!MediaTypes.IsNonDistributable(blob.MediaType))
            {
                throw new LayoutException($"{_repository} has no blob {blob.Digest}, which its manifest {manifest.Descriptor.Digest} needs; pushing the image again repairs it");
            }
        }

        return found;
    }

    private async IAsyncEnumerable<Descriptor> ReferrersAsync(Digest subject)
    {
        for (Digest? last = null; ;)
        {
            var page = await _metadata.ListReferrersAsync(_repository, subject, null, last, PageSize);
            foreach (var referrer in page.Items)
            {
                yield return new Descriptor(referrer.MediaType, referrer.Digest, referrer.Size);
                last = referrer.Digest;
            }

            if (!page.HasMore)
            {
                yield break;
            }
        }
    }

    private async Task<LoadedManifest?> LoadAsync(Descriptor descriptor)
    {
        if (await _metadata.FindManifestAsync(_repository, descriptor.Digest) is not { } stored)
        {
            return null;
        }

        await using var source = await _blobs.OpenAsync(stored.Place);
        var content = source?.Length == stored.Size ? await source.ReadAsync() : default;
        if (stored.Digest.Algorithm.Compute(content.Span) != stored.Digest || StoredManifestReader.Read(content) is not { } manifest)
        {
            throw new LayoutException($"the manifest {stored.Digest} of {_repository} is damaged; pushing it again repairs it");
        }

        return new LoadedManifest(DescriptorOf(stored), content, manifest);
    }

    private static Descriptor DescriptorOf(StoredManifest manifest) => new(manifest.MediaType, manifest.Digest, manifest.Size);
}
