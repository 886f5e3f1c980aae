using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Files;
using Registry.Images.Layouts;

namespace Registry.Images;

/// <summary>
/// Imports the images of an OCI image layout. It checks the whole layout before it writes anything, checks each digest, and sets the tags
/// last: a damaged layout has no visible effect.
/// </summary>
public sealed class ImageImport
{
    private readonly ImageWriter _writer;
    private readonly ILayoutSource _source;
    private readonly long _maxManifestSize;
    private readonly IProgress<TransferProgress>? _progress;
    private readonly HashSet<(RepositoryName, Digest)> _planned = [];
    private long _plannedBytes;
    private long _manifests;
    private long _blobs;
    private long _bytes;
    private long _missing;

    private ImageImport(ImageWriter writer, ILayoutSource source, long maxManifestSize, IProgress<TransferProgress>? progress)
    {
        _progress = progress;
        _writer = writer;
        _source = source;
        _maxManifestSize = maxManifestSize;
    }

    /// <summary>Imports from a folder, or from a tar archive.</summary>
    /// <param name="writer">Writes into the registry.</param>
    /// <param name="path">The folder or file.</param>
    /// <param name="target">
    /// The repository; with a tag, the only image of the layout gets the tag. Null to use the names in the layout.
    /// </param>
    /// <param name="limits">Limits on the layout.</param>
    /// <param name="progress">Receives the progress from time to time; null for none.</param>
    /// <param name="cancellationToken">Stops the import; the collector removes blobs without a manifest later.</param>
    /// <exception cref="LayoutException">The layout cannot be used.</exception>
    public static async Task<TransferReport> RunAsync(
        ImageWriter writer, string path, ImageReference? target, LayoutLimits limits, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(limits);
        try
        {
            using ILayoutSource source = Directory.Exists(path)
                ? new FolderSource(path)
                : new TarSource(OperatorFile.Open(path), limits.MaxEntries);
            return await new ImageImport(writer, source, limits.MaxManifestSize, progress).RunAsync(target, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LayoutException($"cannot be read: {IoFault.Reason(e, path)}", e);
        }
    }

    private async Task<TransferReport> RunAsync(ImageReference? target, CancellationToken cancellationToken)
    {
        var plans = Assign(LayoutIndex.Read(_source), target);
        foreach (var plan in plans)
        {
            await CheckAsync(plan, cancellationToken);
        }

        foreach (var plan in plans)
        {
            await WriteAsync(plan, cancellationToken);
        }

        foreach (var plan in plans)
        {
            foreach (var (root, tags) in plan.Roots.Where(root => root.Value.Count > 0))
            {
                await _writer.PutAsync(plan.Repository, await LoadRootAsync(root), tags, cancellationToken);
            }
        }

        return new TransferReport
        {
            Images = [.. plans.SelectMany(plan => plan.Names())],
            Manifests = _manifests,
            Blobs = _blobs,
            Bytes = _bytes,
            Missing = _missing,
        };
    }

    // Assigns repositories and tags to the images.
    private static List<Plan> Assign(IReadOnlyList<LayoutEntry> entries, ImageReference? target)
    {
        if (target?.Reference is { Digest: not null })
        {
            throw new LayoutException($"cannot be imported as {target}: name a repository, or a repository with a tag");
        }

        var wanted = target?.Reference?.Tag;
        if (wanted is not null && entries.Where(entry => entry.ArtifactType is null).Select(entry => entry.Descriptor.Digest).Distinct().Count() != 1)
        {
            throw new LayoutException($"holds {entries.Count} images; name the repository without a tag, and each image keeps the tag it has in the layout");
        }

        var plans = new Dictionary<RepositoryName, Plan>();
        foreach (var entry in entries)
        {
            var (repository, tag) = NameOf(entry);
            if ((target?.Repository ?? repository) is not { } place)
            {
                // A signature goes to the repository of its image, if that is unambiguous.
                place = plans.Count == 1 ? plans.Keys.First() : throw new LayoutException(
                    $"does not say in which repository {entry.Descriptor.Digest} belongs; name one: registry import SOURCE REPOSITORY");
            }

            if (!plans.TryGetValue(place, out var plan))
            {
                plans[place] = plan = new Plan(place);
            }

            plan.Add(entry.Descriptor, wanted ?? tag);
        }

        return [.. plans.Values];
    }

    private static (RepositoryName? Repository, Tag? Tag) NameOf(LayoutEntry entry)
    {
        if (Tag.TryParse(entry.RefName, out var tag))
        {
            return ImageReference.TryParseWithHost(entry.ImageName ?? string.Empty, out var named) ? (named.Repository, tag) : (null, tag);
        }

        return ImageReference.TryParseWithHost(entry.RefName ?? entry.ImageName ?? string.Empty, out var whole)
            ? (whole.Repository, whole.Reference?.Tag)
            : (null, null);
    }

    // Reads all manifests, looks up all blobs, and asks the rules about the tags.
    private async Task CheckAsync(Plan plan, CancellationToken cancellationToken)
    {
        var walk = new ManifestWalk(LoadAsync);
        foreach (var root in plan.Roots.Keys)
        {
            await foreach (var manifest in walk.ChildrenFirstAsync(root, cancellationToken))
            {
                foreach (var blob in manifest.Manifest.References.Except(manifest.Manifest.Manifests))
                {
                    await CheckBlobAsync(plan.Repository, manifest.Descriptor.Digest, blob);
                }
            }
        }

        foreach (var (root, tags) in plan.Roots)
        {
            await _writer.CheckAsync(plan.Repository, await LoadRootAsync(root), tags);
        }

        _missing += walk.Missing;
    }

    private async Task CheckBlobAsync(RepositoryName repository, Digest manifest, Descriptor blob)
    {
        var size = _source.Find(LayoutIndex.BlobPath(blob.Digest));
        if (size is null && !MediaTypes.IsNonDistributable(blob.MediaType) && await _writer.Metadata.FindBlobAsync(repository, blob.Digest) is null)
        {
            throw new LayoutException($"lacks the blob {blob.Digest}, which its manifest {manifest} needs");
        }

        if (size is { } found && found != blob.Size)
        {
            throw new LayoutException($"has the blob {blob.Digest} with {Count.Of(found, "byte")}, but its manifest {manifest} says {blob.Size}");
        }

        if (size is { } bytes && _planned.Add((repository, blob.Digest)))
        {
            _plannedBytes += bytes;
        }
    }

    private async Task WriteAsync(Plan plan, CancellationToken cancellationToken)
    {
        var walk = new ManifestWalk(LoadAsync);
        var done = new HashSet<Digest>();
        foreach (var root in plan.Roots.Keys)
        {
            await foreach (var manifest in walk.ChildrenFirstAsync(root, cancellationToken))
            {
                foreach (var blob in manifest.Manifest.References.Except(manifest.Manifest.Manifests).Where(blob => done.Add(blob.Digest)))
                {
                    await WriteBlobAsync(plan.Repository, blob.Digest, cancellationToken);
                }

                await _writer.PutAsync(plan.Repository, manifest, [], cancellationToken);
                _manifests++;
            }
        }
    }

    // Also if the repository has the blob: the stored bytes may be damaged, and this repairs them.
    private async Task WriteBlobAsync(RepositoryName repository, Digest digest, CancellationToken cancellationToken)
    {
        var path = LayoutIndex.BlobPath(digest);
        if (_source.Find(path) is not { } size)
        {
            return;
        }

        if (_writer.IsReadOnly)
        {
            throw new LayoutException("was not imported to its end: the registry has become read-only. Every tag that was set is complete; end that mode with 'registry read-only off', and run the command again");
        }

        await using var stream = _source.Open(path);
        await _writer.PushAsync(repository, digest, stream, cancellationToken);
        _blobs++;
        _bytes += size;
        _progress?.Report(new TransferProgress(_blobs, _planned.Count, _bytes, _plannedBytes));
    }

    private async Task<LoadedManifest> LoadRootAsync(Descriptor root) =>
        await LoadAsync(root) ?? throw new LayoutException($"has no manifest {root.Digest}");

    private Task<LoadedManifest?> LoadAsync(Descriptor descriptor)
    {
        var path = LayoutIndex.BlobPath(descriptor.Digest);
        if (_source.Find(path) is null)
        {
            return Task.FromResult<LoadedManifest?>(null);
        }

        var content = LayoutIndex.ReadFile(_source, path, _maxManifestSize);
        if (descriptor.Digest.Algorithm.Compute(content) != descriptor.Digest || content.Length != descriptor.Size)
        {
            throw new LayoutException($"has a manifest {descriptor.Digest} whose size or digest does not match its descriptor");
        }

        return ManifestReader.Read(content, descriptor.MediaType.Length == 0 ? null : descriptor.MediaType).TryGet(out var manifest, out var error)
            ? Task.FromResult<LoadedManifest?>(new LoadedManifest(descriptor with { MediaType = manifest.MediaType }, content, manifest))
            : throw new LayoutException($"has a manifest {descriptor.Digest} that is refused: {error}");
    }

    private sealed class Plan(RepositoryName repository)
    {
        private readonly HashSet<Tag> _tags = [];

        public RepositoryName Repository => repository;

        public Dictionary<Descriptor, List<Tag>> Roots { get; } = [];

        public void Add(Descriptor root, Tag? tag)
        {
            if (!Roots.TryGetValue(root, out var tags))
            {
                Roots[root] = tags = [];
            }

            if (tag is { } named && !tags.Contains(named))
            {
                tags.Add(_tags.Add(named) ? named : throw new LayoutException(
                    $"has several images that would get the tag {repository}:{named}; import it without naming a repository, or export them separately"));
            }
        }

        // A root without a tag is named by its digest.
        public IEnumerable<string> Names() => Roots.SelectMany(root => root.Value.Count > 0
            ? root.Value.Select(tag => new ImageReference(repository, tag).ToString())
            : [new ImageReference(repository, root.Key.Digest).ToString()]);
    }
}
