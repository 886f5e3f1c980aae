using Registry.Core.Indexing;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Images.Layouts;

namespace Registry.Images.Migration;

/// <summary>
/// Makes a registry the same as another one, by the operations of pushes and deletions: it copies what is missing, and removes what the source does not have.
/// What cannot be copied is a fault, and the rest follows. Repeating a pass continues one that was interrupted.
/// </summary>
/// <remarks>
/// Blobs come first, then manifests with their tags. The source may change meanwhile: the next pass copies that. No client uses the target, so the order of
/// the manifests is not visible.
/// </remarks>
public sealed class MigrationPass
{
    // Blobs of a repository, then repositories: changes of one repository wait for each other in some engines.
    private const int Concurrency = 8;

    // A manifest with very many tags gets them in several changes, so that none is large.
    private const int TagsAtOnce = 200;

    private readonly RegistryContent _source;
    private readonly RegistryContent _target;
    private readonly ImageWriter _writer;
    private readonly IProgress<TransferProgress>? _progress;
    private readonly ParallelOptions _parallel;
    private readonly FaultList _faults = new();
    private readonly Lock _lock = new();
    private readonly MigrationCounts _all;
    private MigrationCounts _done = new();

    private MigrationPass(
        RegistryContent source,
        RegistryContent target,
        ImageWriter writer,
        MigrationCounts all,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        (_source, _target, _writer, _all, _progress) = (source, target, writer, all, progress);
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken };
    }

    /// <summary>Makes a pass.</summary>
    /// <param name="source">The registry to move. No bytes may be removed from it meanwhile.</param>
    /// <param name="target">Its new place, which no other process changes.</param>
    /// <param name="writer">Writes to the target.</param>
    /// <param name="progress">Receives the progress from time to time; null for none.</param>
    /// <param name="cancellationToken">Stops the pass.</param>
    /// <returns>What was done, the number of faults, and the first of them.</returns>
    /// <exception cref="SourceFaultException">The source cannot be read.</exception>
    /// <exception cref="StorageException">The target cannot be used.</exception>
    public static async Task<(MigrationCounts Done, long Faulty, IReadOnlyList<string> Faults)> RunAsync(
        RegistryContent source, RegistryContent target, ImageWriter writer, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        var all = progress is null ? new MigrationCounts() : await MigrationPlan.MeasureAsync(source, target, cancellationToken);
        var pass = new MigrationPass(source, target, writer, all, progress, cancellationToken);
        var repositories = await MigrationPlan.UnionAsync(source, target);
        foreach (var repository in repositories)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var work = await pass.CompareAsync(repository);
            await pass.RemoveAsync(repository, work);
            var own = await pass.OpenAsync(repository);
            await Parallel.ForEachAsync(work.Blobs, pass._parallel, (blob, cancelled) => pass.TryAsync(repository, $"blob {blob}", () => pass.CopyBlobAsync(own, repository, blob, cancelled)));
        }

        await Parallel.ForEachAsync(repositories, pass._parallel, async (repository, cancelled) =>
        {
            var walk = new RepositoryWalk(source.Metadata, source.Blobs, repository, withReferrers: false);
            var work = await pass.CompareAsync(repository);
            var own = await pass.OpenAsync(repository);
            foreach (var (manifest, tags) in work.Manifests)
            {
                cancelled.ThrowIfCancellationRequested();
                await pass.TryAsync(repository, $"manifest {manifest}", () => pass.CopyManifestAsync(own, repository, walk, manifest, tags, cancelled));
            }
        });
        return (pass._done, pass._faults.Count, pass._faults.Kept);
    }

    private async Task<RepositoryWork> CompareAsync(RepositoryName repository) => RepositoryWork.Between(
        await SourceFaultException.GuardAsync(() => _source.Listing.ReadAsync(repository)), await _target.Listing.ReadAsync(repository));

    // Before anything is added: a blob that the source has no more is removed while no manifest needs it.
    private async Task RemoveAsync(RepositoryName repository, RepositoryWork work)
    {
        foreach (var tag in work.StaleTags)
        {
            await RemoveAsync($"tag {tag}", () => _writer.RemoveAsync(repository, tag));
        }

        foreach (var manifest in work.StaleManifests)
        {
            await RemoveAsync($"manifest {manifest}", () => _writer.RemoveAsync(repository, manifest));
        }

        foreach (var blob in work.StaleBlobs)
        {
            await RemoveAsync($"blob {blob}", () => _writer.UnlinkAsync(repository, blob));
        }

        async Task RemoveAsync(string what, Func<Task> remove)
        {
            _parallel.CancellationToken.ThrowIfCancellationRequested();
            await TryAsync(repository, what, async () =>
            {
                await remove();
                Add(new MigrationCounts { Removed = 1 });
            });
        }
    }

    // A mirrored repository stays one.
    private async Task<ImageWriter> OpenAsync(RepositoryName repository) =>
        await SourceFaultException.GuardAsync(() => _source.Mirror.FindUpstreamAsync(repository)) is { } upstream ? _writer.OfMirror(upstream) : _writer;

    private async Task CopyBlobAsync(ImageWriter writer, RepositoryName repository, Digest digest, CancellationToken cancellationToken)
    {
        if (await writer.MountAsync(repository, null, digest))
        {
            Add(new MigrationCounts { Links = 1 });
            return;
        }

        if (await SourceFaultException.GuardAsync(() => _source.Metadata.FindBlobAsync(repository, digest)) is not { } blob)
        {
            await RequireRemovedAsync(repository, contents => contents.Blobs.Contains(digest));
            return;
        }

        var content = await ReadAsync(() => _source.Blobs.OpenAsync(blob.Place, cancellationToken).AsTask());
        if (content?.Length != blob.Size)
        {
            await (content?.DisposeAsync() ?? ValueTask.CompletedTask);
            if (content is null)
            {
                await RequireRemovedAsync(repository, contents => contents.Blobs.Contains(digest));
                return;
            }

            throw new LayoutException($"is damaged: {blob.Size} B expected, {content.Length} B found");
        }

        await using var stream = new VerifiedStream(content, digest);
        try
        {
            await writer.PushAsync(repository, digest, stream, cancellationToken);
        }
        catch (StorageException e) when (ReferenceEquals(e, stream.Fault))
        {
            throw Unreadable(e);
        }

        Add(new MigrationCounts { Blobs = 1, Bytes = blob.Size });
    }

    private async Task CopyManifestAsync(
        ImageWriter writer, RepositoryName repository, RepositoryWalk walk, Digest digest, IReadOnlyList<Tag> tags, CancellationToken cancellationToken)
    {
        if (await SourceFaultException.GuardAsync(() => _source.Metadata.FindManifestAsync(repository, digest)) is not { } stored)
        {
            await RequireRemovedAsync(repository, contents => contents.Manifests.Contains(digest));
            return;
        }

        LoadedManifest manifest;
        try
        {
            manifest = await ReadAsync(() => walk.LoadAsync(stored));
        }
        catch (LayoutException)
        {
            if (await IsListedAsync(repository, contents => contents.Manifests.Contains(digest)))
            {
                throw;
            }

            return;
        }

        foreach (var some in tags.Count == 0 ? [[]] : tags.Chunk(TagsAtOnce))
        {
            await writer.KeepAsync(repository, manifest, some, cancellationToken);
        }

        Add(new MigrationCounts { Manifests = 1, Tags = tags.Count });
    }

    // What the source has lost is a fault, and what was deleted from it since it was listed is none.
    private async Task RequireRemovedAsync(RepositoryName repository, Func<RepositoryContents, bool> isListed)
    {
        if (await IsListedAsync(repository, isListed))
        {
            throw new LayoutException("is missing: its bytes are lost; pushing it again repairs that");
        }
    }

    private async Task<bool> IsListedAsync(RepositoryName repository, Func<RepositoryContents, bool> isListed) =>
        isListed(await SourceFaultException.GuardAsync(() => _source.Listing.ReadAsync(repository)));

    // Bytes that cannot be read are the fault of this content, unless the store as a whole does not answer.
    private static async Task<T> ReadAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await SourceFaultException.GuardAsync(read);
        }
        catch (SourceFaultException e) when (!e.Fault.IsTransient)
        {
            throw Unreadable(e.Fault);
        }
    }

    private static LayoutException Unreadable(StorageException e) => new($"cannot be read: {e.Message}", e);

    private async ValueTask TryAsync(RepositoryName repository, string what, Func<Task> run)
    {
        try
        {
            await run();
        }
        catch (LayoutException e)
        {
            _faults.Add($"{repository}: {what}: {e.Message}");
        }
    }

    private void Add(MigrationCounts more)
    {
        lock (_lock)
        {
            _done = new MigrationCounts
            {
                Blobs = _done.Blobs + more.Blobs,
                Bytes = _done.Bytes + more.Bytes,
                Links = _done.Links + more.Links,
                Manifests = _done.Manifests + more.Manifests,
                Tags = _done.Tags + more.Tags,
                Removed = _done.Removed + more.Removed,
            };
            _progress?.Report(new TransferProgress(_done.Blobs + _done.Manifests, _all.Blobs + _all.Manifests, _done.Bytes, _all.Bytes));
        }
    }
}
