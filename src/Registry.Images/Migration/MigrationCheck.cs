using System.Collections.Concurrent;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Images.Layouts;

namespace Registry.Images.Migration;

/// <summary>
/// Compares both ends of a move while nothing changes: repositories, tags, manifests and blobs by their digests, the records of each, and the bytes of the target
/// against them.
/// </summary>
public sealed class MigrationCheck
{
    // Repositories at once, and what is compared of each at once. The bytes of a small blob are a request to a store, which takes milliseconds.
    private const int Concurrency = 4;

    private readonly RegistryContent _source;
    private readonly RegistryContent _target;
    private readonly bool _readsContent;
    private readonly IProgress<TransferProgress>? _progress;
    private readonly ParallelOptions _parallel;
    private readonly FaultList _differences = new();
    private readonly ConcurrentDictionary<Digest, bool> _seen = new();
    private readonly Lock _lock = new();
    private long _tags;
    private long _manifests;
    private long _blobs;
    private long _bytes;

    private MigrationCheck(
        RegistryContent source, RegistryContent target, bool readsContent, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        (_source, _target, _readsContent, _progress) = (source, target, readsContent, progress);
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken };
    }

    /// <summary>Compares everything.</summary>
    /// <param name="source">The registry that was moved.</param>
    /// <param name="target">Its new place.</param>
    /// <param name="readsContent">True to read all bytes of the target and hash them; false to ask for their sizes.</param>
    /// <param name="progress">Receives the progress from time to time; null for none.</param>
    /// <param name="cancellationToken">Stops the comparison.</param>
    /// <exception cref="SourceFaultException">The source cannot be read.</exception>
    /// <exception cref="StorageException">The target cannot be read.</exception>
    public static async Task<MigrationComparison> RunAsync(
        RegistryContent source, RegistryContent target, bool readsContent, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        var check = new MigrationCheck(source, target, readsContent, progress, cancellationToken);
        var repositories = await MigrationPlan.UnionAsync(source, target);
        await Parallel.ForEachAsync(repositories, check._parallel, (repository, _) => check.CompareAsync(repository));
        return new MigrationComparison(
            repositories.Count, check._tags, check._manifests, check._blobs, check._bytes, readsContent, check._differences.Count, check._differences.Kept);
    }

    private async ValueTask CompareAsync(RepositoryName repository)
    {
        var source = await SourceFaultException.GuardAsync(() => _source.Listing.ReadAsync(repository));
        var target = await _target.Listing.ReadAsync(repository);
        CompareTags(repository, source, target);
        CompareDigests(repository, "manifest", source.Manifests, target.Manifests);
        CompareDigests(repository, "blob", source.Blobs, target.Blobs);
        lock (_lock)
        {
            _tags += source.Tags.Count;
            _manifests += source.Manifests.Count;
        }

        await Parallel.ForEachAsync(source.Manifests.Intersect(target.Manifests), _parallel, (digest, _) => CompareManifestAsync(repository, digest));
        await Parallel.ForEachAsync(source.Blobs.Intersect(target.Blobs), _parallel, (digest, _) => CompareBlobAsync(repository, digest));
    }

    private void CompareTags(RepositoryName repository, RepositoryContents source, RepositoryContents target)
    {
        foreach (var tag in source.Tags.Keys.Union(target.Tags.Keys))
        {
            if ((Find(source, tag), Find(target, tag)) is var (from, to) && from != to)
            {
                _differences.Add($"{repository}: tag {tag}: {from} at the source, {to} at the target");
            }
        }

        static string Find(RepositoryContents contents, Tag tag) => contents.Tags.TryGetValue(tag, out var digest) ? digest.Value : "none";
    }

    private void CompareDigests(RepositoryName repository, string kind, IReadOnlySet<Digest> source, IReadOnlySet<Digest> target)
    {
        foreach (var digest in source.Except(target))
        {
            _differences.Add($"{repository}: {kind} {digest}: only at the source");
        }

        foreach (var digest in target.Except(source))
        {
            _differences.Add($"{repository}: {kind} {digest}: only at the target");
        }
    }

    private async ValueTask CompareManifestAsync(RepositoryName repository, Digest digest)
    {
        var source = await SourceFaultException.GuardAsync(() => _source.Metadata.FindManifestAsync(repository, digest));
        var target = await _target.Metadata.FindManifestAsync(repository, digest);
        if ((source?.Size, source?.MediaType) != (target?.Size, target?.MediaType))
        {
            _differences.Add(
                $"{repository}: manifest {digest}: {Describe(source)} at the source, {Describe(target)} at the target");
        }
        else if (target is not null)
        {
            await CompareBytesAsync(repository, "manifest", target.Place, target.Size);
        }

        static string Describe(StoredManifest? manifest) => manifest is null ? "lost" : $"{manifest.Size} B of type {manifest.MediaType}";
    }

    private async ValueTask CompareBlobAsync(RepositoryName repository, Digest digest)
    {
        // A blob that many repositories have has one record of its size.
        if (_seen.ContainsKey(digest))
        {
            return;
        }

        var source = await SourceFaultException.GuardAsync(() => _source.Metadata.FindBlobAsync(repository, digest));
        var target = await _target.Metadata.FindBlobAsync(repository, digest);
        if (source?.Size != target?.Size)
        {
            _differences.Add($"{repository}: blob {digest}: {Describe(source)} at the source, {Describe(target)} at the target");
        }
        else if (target is not null)
        {
            await CompareBytesAsync(repository, "blob", target.Place, target.Size);
        }

        static string Describe(StoredBlob? blob) => blob is null ? "lost" : $"{blob.Size} B";
    }

    private async Task CompareBytesAsync(RepositoryName repository, string kind, BlobPlace place, long size)
    {
        if (!_seen.TryAdd(place.Known, true))
        {
            return;
        }

        if (await FindFaultAsync(place, size) is { } fault)
        {
            _differences.Add($"{repository}: {kind} {place.Known}: {fault} at the target");
        }

        lock (_lock)
        {
            _blobs++;
            _bytes += size;
            _progress?.Report(new TransferProgress(_blobs, null, _bytes, null));
        }
    }

    private async Task<string?> FindFaultAsync(BlobPlace place, long size)
    {
        if (!_readsContent)
        {
            var found = await _target.Blobs.StatAsync(place, _parallel.CancellationToken);
            return found == size ? null : found is null ? "its bytes are missing" : $"it has {found} B instead of {size}";
        }

        if (await _target.Blobs.OpenAsync(place, _parallel.CancellationToken) is not { } content)
        {
            return "its bytes are missing";
        }

        await using var stream = new VerifiedStream(content, place.Known);
        try
        {
            await stream.CopyToAsync(Stream.Null, _parallel.CancellationToken);
            return content.Length == size ? null : $"it has {content.Length} B instead of {size}";
        }
        catch (LayoutException)
        {
            return "its bytes are damaged";
        }
    }
}
