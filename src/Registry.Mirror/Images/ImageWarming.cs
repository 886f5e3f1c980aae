using Registry.Core;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Mirror.Configuration;
using Registry.Mirror.Fetches;
using Registry.Mirror.Pulls;
using Registry.Mirror.Upstreams;

namespace Registry.Mirror.Images;

/// <summary>Fetches an image of an upstream as a whole: its manifest, those that an index lists, and all their blobs.</summary>
/// <param name="core">The operations on what is here.</param>
/// <param name="manifests">Fetches manifests.</param>
/// <param name="fetches">Fetches blobs.</param>
/// <param name="record">Notes the pull of each manifest, so that it is not evicted before it is used.</param>
/// <param name="upstream">The upstream.</param>
/// <param name="name">The repository.</param>
/// <param name="platform">Platform whose images alone are fetched, of those that an index lists; null for all.</param>
/// <param name="user">User whose fetches these are; null for none.</param>
internal sealed class ImageWarming(
    RegistryCore core, MirroredManifests manifests, BlobFetches fetches, PullRecord record, IUpstream upstream, MirroredName name, string? platform, string? user)
{
    // As clients do for the layers of an image.
    private const int BlobsAtATime = 3;

    private readonly HashSet<Digest> _manifests = [];
    private readonly Dictionary<Digest, long> _blobs = [];
    private readonly SortedSet<string> _leftOut = new(StringComparer.Ordinal);
    private bool _hasPlatform = platform is null;
    private long _missing;
    private long _hereBlobs;
    private long _hereBytes;
    private long _fetchedBytes;

    /// <summary>Fetches what is not here.</summary>
    /// <param name="reference">Tag or digest.</param>
    /// <param name="progress">Receives the progress; null for none.</param>
    /// <param name="cancellationToken">Ends the work. A fetch in progress goes on for a while.</param>
    /// <returns>What the image has; or MANIFEST_UNKNOWN or BLOB_UNKNOWN if the upstream has it not, or why it is not known.</returns>
    public async Task<Result<WarmedImage>> RunAsync(Reference reference, IProgress<WarmingProgress>? progress, CancellationToken cancellationToken)
    {
        if (await FetchManifestsAsync(reference, cancellationToken) is { } unknown)
        {
            return unknown;
        }

        RegistryError? error = null;
        var allBytes = _blobs.Values.Aggregate(0L, (all, size) => all + Math.Clamp(size, 0, long.MaxValue - all));
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var options = new ParallelOptions { MaxDegreeOfParallelism = BlobsAtATime, CancellationToken = stopping.Token };
        try
        {
            await Parallel.ForEachAsync(_blobs, options, async (blob, token) =>
            {
                if (await FetchBlobAsync(blob.Key, token) is { } failed)
                {
                    error ??= failed;
                    await stopping.CancelAsync();
                    return;
                }

                progress?.Report(new WarmingProgress(Interlocked.Increment(ref _hereBlobs), _blobs.Count, Interlocked.Add(ref _hereBytes, blob.Value), allBytes));
            });
        }
        catch (OperationCanceledException) when (error is not null)
        {
            // The others were ended because of it.
        }

        return error is null ? new WarmedImage(_manifests.Count, _blobs.Count, _fetchedBytes, _missing) : error;
    }

    // The first one by its reference, and then those that it lists, which an upstream need not have all.
    private async Task<RegistryError?> FetchManifestsAsync(Reference reference, CancellationToken cancellationToken)
    {
        var waiting = new Queue<Reference>([reference]);
        while (waiting.TryDequeue(out var next))
        {
            if (!(await manifests.StatAsync(upstream, name, next, mayFetch: true, cancellationToken)).TryGet(out var found, out var error))
            {
                if (_manifests.Count == 0 || error.Code != RegistryErrorCode.ManifestUnknown)
                {
                    return error;
                }

                _missing++;
                continue;
            }

            var digest = found.Content.Digest;
            if (_manifests.Add(digest))
            {
                record.NotePull(name.Local, digest);
                Add(await StoredManifests.ReadBytesAsync(core.Manifests, name.Local, digest, cancellationToken), waiting);
            }
        }

        return _hasPlatform ? null : new RegistryError(
            RegistryErrorCode.ManifestUnknown, $"{name.Local} has no such image for {platform}; it has {(_leftOut.Count > 0 ? string.Join(", ", _leftOut) : "none that states its platform")}");
    }

    private void Add(ReadOnlyMemory<byte> bytes, Queue<Reference> waiting)
    {
        if (StoredManifestReader.Read(bytes) is not { } manifest)
        {
            return;
        }

        foreach (var blob in manifest.Blobs)
        {
            _blobs[blob.Digest] = blob.Size;
        }

        // What was asked for is fetched, whatever its platform.
        _hasPlatform |= !MediaTypes.IsIndex(manifest.MediaType);
        foreach (var child in platform is null ? manifest.Manifests : ChooseOf(manifest, bytes))
        {
            waiting.Enqueue(child.Digest);
        }
    }

    // Those of the platform, and further indexes.
    private List<Descriptor> ChooseOf(Manifest index, ReadOnlyMemory<byte> bytes)
    {
        using var json = LenientJson.Parse(bytes);
        var platforms = json is null ? [] : ImagePlatform.ReadIndex(json.RootElement);
        _leftOut.UnionWith(platforms.Select(entry => entry.Platform).OfType<string>());
        var chosen = platforms.Where(entry => ImagePlatform.Matches(entry.Platform, platform!)).Select(entry => entry.Digest).ToHashSet();
        return [.. index.Manifests.Where(child => MediaTypes.IsIndex(child.MediaType) || chosen.Contains(child.Digest.Value))];
    }

    private async Task<RegistryError?> FetchBlobAsync(Digest digest, CancellationToken cancellationToken)
    {
        if ((await core.Blobs.StatAsync(name.Local, digest)).Error is null)
        {
            return null;
        }

        if (!(await fetches.StoreAsync(upstream, name, digest, user, network: default, cancellationToken)).TryGet(out var size, out var error))
        {
            return error;
        }

        Interlocked.Add(ref _fetchedBytes, size);
        return null;
    }
}
